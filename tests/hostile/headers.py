"""Good clips whose headers claim what is not so: sizes of nothing or of a wall, ages, floods of parts."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.bases import base
from tests.hostile.case import Case

SIZES = ((0, 0), (0, 48), (1, 1), (65535, 65535), (8000, 7990), (8192, 4320), (16384, 2))
NUMBERS = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)


def cases() -> Iterator[Case]:
    """Claims about sizes, then about everything else that a header holds in 32 bits."""
    for width, height in SIZES:
        size = f"{width}x{height}"
        short, long = struct.pack("<HH", width, height), struct.pack("<II", width, height)
        yield Case("claims", f"gif {size}", _patched("gif", b"GIF89a", 6, short))
        yield Case("claims", f"avi {size}", _patched("avi", b"strf", 12, long))
        for suffix, entry in (("mp4", b"avc1"), ("mov", b"jpeg"), ("3gp", b"mp4v")):
            big = struct.pack(">HH", width & 0xFFFF, height & 0xFFFF)
            yield Case("claims", f"{suffix} {size}", _patched(suffix, entry, 28, big))
        yield Case("claims", f"mkv {size}", _patched("mkv", b"\xb0", 1, b"\x82" + struct.pack(">H", width)[:1]))
        jpeg = b"\x08" + struct.pack(">HH", height, width)
        yield Case("claims", f"mjpeg {size}", _patched("mov", b"\xff\xc0", 4, jpeg))
    for number in NUMBERS:
        for box, at in ((b"mvhd", 16), (b"mvhd", 20), (b"mdhd", 16), (b"stts", 8), (b"stsz", 12), (b"stco", 8)):
            label = f"mp4 {box.decode()}+{at} {number:#x}"
            yield Case("claims", label, _patched("mp4", box, at, struct.pack(">I", number)))
        for at in (4, 20, 36):
            yield Case("claims", f"avi avih+{at} {number:#x}", _patched("avi", b"avih", at, struct.pack("<I", number)))
    for length in (0.0, -1.0, 9e15, float("inf"), float("nan")):
        yield Case("claims", f"mkv lasts {length}", _patched("mkv", b"\x44\x89\x88", 3, struct.pack(">d", length)))
    yield Case("claims", "mp4 compressed index bomb", _compressed_index)
    yield Case("claims", "mp4 nested boxes", _nested)
    yield Case("claims", "mkv nested tags", _nested_ebml)
    yield Case("claims", "mp4 a million empty boxes", _many_boxes)


def _patched(suffix: str, mark: bytes, offset: int, new: bytes) -> Callable[[Path], Path]:
    """Write `new` at `offset` behind the beginning of the first `mark`."""

    def make(folder: Path) -> Path:
        data = bytearray(base(suffix).read_bytes())
        at = data.index(mark) + offset
        data[at : at + len(new)] = new
        path = folder / f"film.{suffix}"
        path.write_bytes(data)
        return path

    return make


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


_FTYP = _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def _compressed_index(folder: Path) -> Path:
    """An index of 400 MB of zeros, compressed as QuickTime allows, that claims to have 4 GB."""
    zeros = zlib.compressobj(9)
    packed = b"".join(zeros.compress(bytes(4 << 20)) for _ in range(100)) + zeros.flush()
    moved = _box(b"cmvd", struct.pack(">I", 0xFFFFFFF0) + packed)
    (folder / "film.mov").write_bytes(_FTYP + _box(b"moov", _box(b"cmov", _box(b"dcom", b"zlib") + moved)))
    return folder / "film.mov"


def _nested(folder: Path) -> Path:
    boxes = b""
    for _ in range(20_000):
        boxes = _box(b"udta", boxes) if len(boxes) % 3 else _box(b"trak", boxes)
    (folder / "film.mp4").write_bytes(_FTYP + _box(b"moov", boxes))
    return folder / "film.mp4"


def _nested_ebml(folder: Path) -> Path:
    """Simple tags within simple tags, in front of the first cluster."""
    tags = b""
    for _ in range(5_000):
        tags = b"\x67\xc8\x01" + len(tags).to_bytes(7) + tags
    tags = b"\x73\x73\x01" + len(tags).to_bytes(7) + tags
    tags = b"\x12\x54\xc3\x67\x01" + len(tags).to_bytes(7) + tags
    data = base("webm").read_bytes()
    at = data.index(b"\x1f\x43\xb6\x75")
    (folder / "film.webm").write_bytes(data[:at] + tags + data[at:])
    return folder / "film.webm"


def _many_boxes(folder: Path) -> Path:
    (folder / "film.mp4").write_bytes(_FTYP + _box(b"free", b"") * 1_000_000 + base("mp4").read_bytes())
    return folder / "film.mp4"
