"""Frames from decord, in a worker process that is killed when it does not answer."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import numpy as np

from llamavid_demo.film.decord_order import Order, to_json
from llamavid_demo.film.ffmpeg_commands import BYTES_A_SECOND, ffprobe
from llamavid_demo.film.ffmpeg_commands import MEMORY as MOST_MEMORY
from llamavid_demo.film.ffmpeg_frames import PATIENCE, TOLERANCE, end, read_exactly
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.film.probe import VideoInfo
from llamavid_demo.machine import cores

WORKER = "llamavid_demo.film.decord_worker"
ROOT = Path(__file__).parents[2]
# Codecs that the libraries inside decord 0.6.0 do not know, or know only in part.
UNKNOWN_CODECS = frozenset(("av1", "gif", "vvc", "apv"))
# Containers in which its numbering was seen to be right; in MPEG streams it is not, or it stops at their end.
TRUSTED = frozenset(("mov", "matroska", "avi", "flv", "asf"))
# Those whose index leads exactly to a key frame.
INDEXED = frozenset(("mov", "matroska"))
# What the worker may hold: itself and pictures. When frames are taken more slowly than decord decodes, it decodes ahead
# and keeps them: 1.5 GB of a 640×360 film were seen. At the bound it fails, and ffmpeg goes on.
MEMORY = 320 << 20
FRAMES_HELD = 64
_LOOKED_AT = 64  # packets after a key frame; reordering reaches over 16 at most


class DecordError(Exception):
    """decord cannot read this file, or not further, or not surely right; ffmpeg should."""


def decord_frames(
    info: VideoInfo, start: int, count: int, format: FrameFormat, *, patience: float = PATIENCE
) -> Generator[np.ndarray, None, None]:
    """Yield the pictures on screen at seconds `start`, `start + 1`, …; `count` of them, `(h, w, 3)` uint8.

    The worker ends with the iterator. Raises DecordError, after as many pictures as could be read, when decord fails
    or is silent for `patience` seconds (the first picture is given longer, by the size of the file).
    """
    order = _order(info, start, count, format)
    size = format.width * format.height * 3
    # It reads the whole file once, to number its frames, before the first answer.
    allowed = patience + info.path.stat().st_size / BYTES_A_SECOND
    with tempfile.TemporaryFile() as errors:
        process = _start(order, errors.fileno())
        try:
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for; this tells mypy)
            for _ in range(count):
                pixels = read_exactly(process.stdout, size, patience=allowed)
                if len(pixels) < size:
                    process.wait(timeout=patience)
                    errors.seek(0)
                    said = errors.read().decode("utf-8", "replace").strip().splitlines()
                    raise DecordError(said[-1] if said else f"its process ended with {process.returncode}")
                allowed = patience
                yield np.frombuffer(pixels, np.uint8).reshape(format.height, format.width, 3)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise DecordError(f"no answer for {allowed:.0f} s") from None
        finally:
            end(process)


def _order(info: VideoInfo, start: int, count: int, format: FrameFormat) -> Order:
    """The worker's order; DecordError when decord is known to be wrong on such a file."""
    if info.codec in UNKNOWN_CODECS:
        raise DecordError(f"it does not know {info.codec}")
    if info.container not in TRUSTED:
        raise DecordError(f"its numbering of frames in {info.container} files is wrong")
    if not info.alone:
        raise DecordError("it may choose another of several video tracks")
    if not info.upright:
        raise DecordError("it does not mirror pictures or turn them by odd angles")
    begin = info.origin + start
    return Order(
        path=str(info.path),
        begin=begin,
        count=count,
        first=info.first,
        key=None if start == 0 else _closed_key_before(info, begin),
        stored=info.stored,
        display=info.display,
        format=format,
        threads=min(8, cores()),
        tolerance=TOLERANCE,
        memory=min(MOST_MEMORY, MEMORY + FRAMES_HELD * info.stored[0] * info.stored[1] * 3),
    )


def _closed_key_before(info: VideoInfo, timestamp: float) -> float | None:
    """Timestamp of a key frame before `timestamp` to begin at, None to begin at the start of the file.

    No frame that follows it may be shown before it, and the next key frame must be far enough away that a seek by
    decoding time cannot hit it instead. DecordError when the key frame at hand is not so.
    """
    if timestamp <= info.first:
        return None
    if info.container not in INDEXED:
        raise DecordError(f"it does not surely find a place in {info.container} files")
    answer = ffprobe(
        info.path,
        select_streams=str(info.stream),
        show_entries="packet=pts_time,dts_time,flags",
        read_intervals=f"{timestamp - 1:.6f}%+#{_LOOKED_AT}",
    )
    packets = answer.get("packets", [])
    try:
        shown = [float(packet["pts_time"]) for packet in packets]
        keys = [float(packet.get("dts_time", packet["pts_time"])) for packet in packets[1:] if "K" in packet["flags"]]
        closed = "K" in packets[0]["flags"] and shown[0] <= timestamp and min(shown) == shown[0]
    except (IndexError, KeyError):
        raise DecordError(f"the packets before {timestamp:.0f} s have no times") from None
    if not closed or any(time <= shown[0] for time in keys):
        raise DecordError(f"it does not surely find the key frame before {timestamp:.0f} s")
    return shown[0]


def _start(order: Order, errors: int) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", WORKER, to_json(order)],
        stdin=subprocess.PIPE,  # the worker ends when it closes
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
