"""Frames through an ffmpeg process: slower to start than decord, but opens everything that ffmpeg opens."""

import select
import subprocess
import tempfile
import time
from collections.abc import Generator
from typing import IO

import ffmpeg
import numpy as np

from llamavid_demo.errors import MovieError
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, last_line, start_ffmpeg
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

    The last picture stands when the video ends before. The process ends with the iterator. Raises MovieError when not
    one picture comes out or ffmpeg falls silent.
    """
    width, height = info.stored
    last: np.ndarray | None = None
    with tempfile.TemporaryFile() as errors:
        process = start_ffmpeg(_pictures(info, start, count), stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for; this tells mypy)
            for _ in range(count):
                pixels = read_exactly(process.stdout, width * height * 3, patience=patience)
                if len(pixels) == width * height * 3:
                    rgb = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
                    last = resize_frame(rgb, format, display=info.display)
                elif last is None:
                    errors.seek(0)
                    reason = last_line(errors.read(), info.path)
                    raise MovieError(
                        f"No picture of {info.path.name} at second {start} can be decoded: {reason}."
                        " The file may be damaged; copy or download it again."
                    )
                yield last
        except TimeoutError:
            raise MovieError(
                f"{info.path.name} cannot be read on: no picture for {patience:.0f} s."
                " The file may be damaged; copy or download it again."
            ) from None
        finally:
            end(process)


def _pictures(info: VideoInfo, start: int, count: int) -> object:
    """The ffmpeg run: seek, put second `start` at 0, and let each picture stand until the next."""
    wanted = info.origin + start
    options: dict[str, object] = {"copyts": None, **SAFE_INPUT}
    seek = wanted - SEEK_MARGIN
    if seek > info.first:
        options |= {"ss": f"{seek:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}
    micros = round((wanted + TOLERANCE) * 1_000_000)
    width, height = info.stored
    filters = f"settb=1/1000000,setpts=PTS-{micros},fps=1:start_time=0:round=up:eof_action=pass,scale={width}:{height}:flags=bilinear"
    video = ffmpeg.input(address(info.path), **options)[str(info.stream)]
    return video.output("pipe:", format="rawvideo", pix_fmt="rgb24", vf=filters, vsync="passthrough", vframes=count)


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
