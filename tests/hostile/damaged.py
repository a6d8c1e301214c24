"""Good clips that were cut, flipped, overwritten, spliced or renamed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.hostile.bases import ENCODERS, base
from tests.hostile.case import Case, chance

HEADER = 600  # bytes in which most headers lie
Damage = Callable[[bytearray, Random], bytes | bytearray]


def _cut(data: bytearray, random: Random) -> bytes:
    return data[: max(1, int(len(data) * random.choice((random.random(), 0.01, 0.99))))]


def _beheaded(data: bytearray, random: Random) -> bytes:
    return data[random.randrange(1, len(data)) :]


def _flipped(data: bytearray, random: Random) -> bytearray:
    for _ in range(random.choice((1, 5, 50, 500))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _flipped_header(data: bytearray, random: Random) -> bytearray:
    """Bits of its beginning or of its end, where MP4 and AVI have their index."""
    at = random.choice((0, max(0, len(data) - HEADER)))
    for _ in range(random.choice((1, 3, 10))):
        data[min(len(data) - 1, at + random.randrange(HEADER))] ^= 1 << random.randrange(8)
    return data


def _overwritten(data: bytearray, random: Random) -> bytearray:
    at, length = random.randrange(len(data)), random.randrange(1, 2000)
    data[at : at + length] = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))
    return data


def _repeated(data: bytearray, random: Random) -> bytearray:
    start, end = sorted(random.randrange(len(data)) for _ in range(2))
    return data[:end] + data[start:]


DAMAGES: dict[str, tuple[Damage, int]] = {
    "cut": (_cut, 5),
    "beheaded": (_beheaded, 1),
    "flipped": (_flipped, 5),
    "flipped header": (_flipped_header, 5),
    "overwritten": (_overwritten, 3),
    "repeated": (_repeated, 1),
}


def cases() -> Iterator[Case]:
    """Each damage to each container, and each container under another's name."""
    for kind, (damage, times) in DAMAGES.items():
        for suffix in ENCODERS:
            for number in range(times):
                yield Case(kind, f"{suffix} {number}", _made(damage, suffix, f"{kind} {suffix} {number}"))
    suffixes = list(ENCODERS)
    for suffix, other in zip(suffixes, [*suffixes[3:], *suffixes[:3]], strict=True):
        yield Case("renamed", f"{suffix} as {other}", _renamed(suffix, f"film.{other}"))
    yield Case("renamed", "a film as subtitles", _renamed("mkv", "film.srt"), subtitles=True)
    yield Case("renamed", "a transport stream as subtitles", _renamed("ts", "film.ass"), subtitles=True)


def _made(damage: Damage, suffix: str, label: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"film.{suffix}"
        path.write_bytes(damage(bytearray(base(suffix).read_bytes()), chance(label)))
        return path

    return make


def _renamed(suffix: str, name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return Path((folder / name).write_bytes(base(suffix).read_bytes()) and folder / name)

    return make
