"""Clips made with ffmpeg at test time: every frame carries its number, so that a picture tells where it is from."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pytest

WIDTH, HEIGHT, RATE, FRAMES = 160, 90, 10, 50
BITS = 8


@lru_cache(maxsize=FRAMES)
def drawn(number: int) -> np.ndarray:
    """Frame `number`: its bits as black and white blocks above a colour that changes from second to second."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    block = WIDTH // BITS
    for bit in range(BITS):
        picture[: HEIGHT // 2, bit * block : (bit + 1) * block] = 235 if number >> bit & 1 else 20
    second = number // RATE
    picture[HEIGHT // 2 :] = [(200, 40, 40), (40, 180, 60), (50, 60, 200), (190, 180, 40), (170, 60, 180)][second % 5]
    return picture


def number_of(picture: np.ndarray) -> int:
    """Which frame an upright picture shows, by its blocks."""
    height, width = picture.shape[:2]
    row = picture[height // 4].mean(axis=-1)
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 127) << bit for bit in range(BITS))


def run_ffmpeg(*arguments: object, stdin: bytes = b"") -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    if stdin:
        command.remove("-nostdin")
    subprocess.run(command, input=stdin, check=True)


@dataclass(frozen=True)
class Clip:
    """A clip and its truth: frame `numbers[n]` is shown from `times[n]`."""

    path: Path
    numbers: Sequence[int]
    times: Sequence[float]

    def at(self, second: float) -> int:
        """The number of the frame on screen; the first stands from the beginning."""
        shown = [number for number, time in zip(self.numbers, self.times, strict=True) if time <= second]
        return shown[-1] if shown else self.numbers[0]


MakeClip = Callable[..., Clip]


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """`make_clip(name, *encoder arguments, kept=, start=, rate=)` writes a clip of 50 frames, 10 a second, once.

    `kept` chooses the frames that are there (variable rate), `start` is the time of the first.
    """
    folder = tmp_path_factory.mktemp("clips")

    @cache
    def make(
        name: str, *arguments: str, kept: Sequence[int] = range(FRAMES), start: float = 0.0, rate: int = RATE
    ) -> Clip:
        path = folder / name
        pixels = b"".join(drawn(number).tobytes() for number in range(FRAMES))
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", rate, "-i", "pipe:"]
        if len(kept) < FRAMES:
            wanted = "+".join(f"eq(n\\,{number})" for number in kept)
            source += ["-vf", f"select={wanted}", "-vsync", "vfr"]
        run_ffmpeg(*source, *arguments, path, stdin=pixels)
        return Clip(path, tuple(kept), tuple(start + (number - kept[0]) / rate for number in kept))

    return make


@pytest.fixture
def clip(make_clip: MakeClip) -> Clip:
    """A plain H.264 clip of five seconds."""
    return make_clip("plain.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")


def turn(source: Path, target: Path, *, quarters: int) -> None:
    """Copy an MP4 and state in its track header that it is shown turned clockwise by `quarters` of a turn."""
    data = bytearray(source.read_bytes())
    one, minus = (1 << 16).to_bytes(4), (0xFFFF << 16).to_bytes(4)
    zero = bytes(4)
    a, b, c, d = {1: (zero, one, minus, zero), 2: (minus, zero, zero, minus), 3: (zero, minus, one, zero)}[quarters]
    header = data.index(b"tkhd") + 4
    matrix = header + 40  # version and flags, times, track, duration, reserved, layer, group, volume
    data[matrix : matrix + 36] = a + b + zero + c + d + zero + zero + zero + (1 << 30).to_bytes(4)
    target.write_bytes(data)
