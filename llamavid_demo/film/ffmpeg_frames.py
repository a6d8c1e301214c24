"""Frames through an ffmpeg process: slower to start than decord, but opens everything that ffmpeg opens."""

import collections
import contextlib
import itertools
import select
import subprocess
import tempfile
import time
from collections.abc import Generator
from typing import IO, Any

import ffmpeg
import numpy as np

from llamavid_demo.errors import MovieError
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, start_ffmpeg
from llamavid_demo.film.frame_format import FrameFormat, resize_frame
from llamavid_demo.film.probe import VideoInfo

# A picture counts as shown from half a millisecond before its time: Matroska rounds times to whole milliseconds, and
# decord hands them out as float32, which is exact to that much for the first four hours.
TOLERANCE = 0.0005
SEEK_MARGIN = 10.0  # seconds; key frames are listed by decoding time, so one just before the start may be shown after
PATIENCE = 60.0  # seconds without a byte after which a reader counts as stuck


def ffmpeg_frames(
    info: VideoInfo, start: int, count: int, format: FrameFormat, *, patience: float = PATIENCE
) -> Generator[np.ndarray, None, None]:
    """Yield the pictures on screen at seconds `start`, `start + 1`, …; `count` of them, `(h, w, 3)` uint8.

    The last picture stands when the video ends before. The process ends with the iterator. Raises MovieError when there
    is no picture at all or ffmpeg falls silent for `patience` seconds.
    """
    run = _pictures(info, start, count)
    with contextlib.closing(_decoded(info, run, patience=patience)) as pictures:
        for done in range(count):
            rgb = next(pictures, None)
            if rgb is None:
                rgb = _last_picture(info, start + done, patience=patience)
                last = resize_frame(rgb, format, display=info.display)
                yield from itertools.repeat(last, count - done)
                return
            yield resize_frame(rgb, format, display=info.display)


def _decoded(info: VideoInfo, run: object, *, patience: float) -> Generator[np.ndarray, None, None]:
    """The pictures, `(H, W, 3)` uint8, that an ffmpeg run puts out; MovieError when it falls silent."""
    width, height = info.stored
    size = width * height * 3
    with tempfile.TemporaryFile() as errors:
        process = start_ffmpeg(run, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for; this tells mypy)
            while len(pixels := read_exactly(process.stdout, size, patience=patience)) == size:
                yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        except TimeoutError:
            raise MovieError(
                f"{info.path.name} cannot be read on: no picture for {patience:.0f} s."
                " The file may be damaged; copy or download it again."
            ) from None
        finally:
            end(process)


def _last_picture(info: VideoInfo, before: int, *, patience: float) -> np.ndarray:
    """The last picture of a video whose pictures end before second `before`."""
    since = max(0.0, info.origin + before - SEEK_MARGIN)
    for seek in (since, None):  # a damaged index may lead nowhere
        with contextlib.closing(_decoded(info, _all_pictures(info, seek), patience=patience)) as pictures:
            if last := collections.deque(pictures, maxlen=1):
                return last[0]
    raise MovieError(
        f"No picture of {info.path.name} can be decoded. The file may be damaged; copy or download it again."
    )


def _input(info: VideoInfo, seek: float | None) -> Any:
    """The video stream from the key frame at or before the timestamp `seek`, or from its start."""
    options: dict[str, object] = {"copyts": None, **SAFE_INPUT}
    if seek is not None and seek > info.first:
        options |= {"ss": f"{seek:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}
    return ffmpeg.input(address(info.path), **options)[str(info.stream)]


def _output(video: Any, filters: str, **options: object) -> Any:
    return video.output("pipe:", format="rawvideo", pix_fmt="rgb24", vf=filters, vsync="passthrough", **options)


def _pictures(info: VideoInfo, start: int, count: int) -> Any:
    """The ffmpeg run: seek, put second `start` at 0, and let each picture stand until the next.

    Pictures are scaled before they are repeated: ffmpeg fills a gap at once, and scaling each copy took 5.4 GB for a
    slide that stands for 15 minutes.
    """
    wanted = info.origin + start
    micros = round((wanted + TOLERANCE) * 1_000_000)
    seconds = f"settb=1/1000000,setpts=PTS-{micros},fps=1:start_time=0:round=up:eof_action=pass"
    return _output(_input(info, wanted - SEEK_MARGIN), f"{_scale(info)},{seconds}", vframes=count)


def _all_pictures(info: VideoInfo, seek: float | None) -> Any:
    """The ffmpeg run that puts out every picture from `seek` on."""
    return _output(_input(info, seek), _scale(info))


def _scale(info: VideoInfo) -> str:
    width, height = info.stored
    return f"scale={width}:{height}:flags=bilinear"  # bilinear chroma, as decord does it


def read_exactly(pipe: IO[bytes], size: int, *, patience: float) -> bytearray:
    """Read `size` bytes, or fewer at the end of the stream; TimeoutError after `patience` seconds without any."""
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    until = time.monotonic() + patience
    while filled < size:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError
        read = pipe.readinto1(view[filled:])  # type: ignore[attr-defined]  # a BufferedReader has it
        if not read:
            break
        filled += read
        until = time.monotonic() + patience
    return buffer[:filled] if filled < size else buffer


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill `process`, close its pipes and wait until it is gone."""
    process.kill()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
