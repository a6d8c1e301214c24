"""What the outermost parts of a file say of it: whether it is all there, and whether it is encrypted.

ffmpeg tells neither: it plays what is left of a cut file, and names the codec below the protection.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_INDEX = 256 << 20  # bytes; the index of a day of video is smaller
_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"


def is_whole(path: Path, container: str) -> bool | None:
    """Whether a file is as long as its own outermost parts say; None where they do not say."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if container == "mov":
            # Other kinds are passed over: what is no box, such as bytes hung on at the end, has any length.
            return all(end <= size for kind, _, end in _boxes(file) if kind in (b"mdat", b"moov", b"moof"))
        if container == "matroska":
            end = _segment_end(file)
            return None if end is None else end <= size
        if container == "avi":
            length = int.from_bytes(file.read(8)[4:], "little")
            return None if length == 0 else length + 8 <= size + 1  # the last chunk may lack its byte of padding
    return None


def is_encrypted(path: Path, container: str) -> bool:
    """Whether the sample descriptions of an MP4 or MOV file say that its pictures are encrypted."""
    if container != "mov":
        return False
    with path.open("rb") as file:
        for kind, start, end in _boxes(file):
            if kind == b"moov":
                file.seek(start)
                boxes = file.read(min(end - start, _MOST_INDEX))
                return b"sinf" in boxes and any(tag in boxes for tag in (b"encv", b"drmi"))
    return False


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The outermost boxes of an MP4 or MOV file as (kind, where its content starts, where it ends)."""
    whole = file.seek(0, 2)
    start = 0
    while start + 8 <= whole:
        file.seek(start)
        header = file.read(16)
        size, body = int.from_bytes(header[:4]), start + 8
        if size == 1:
            size, body = int.from_bytes(header[8:]), start + 16
        end = start + size if size else whole
        if end < body:
            return
        yield header[4:8], body, end
        start = end


def _segment_end(file: BinaryIO) -> int | None:
    """Where the segment of a Matroska file ends by its header; None when it was written without knowing."""
    head = file.read(4096)
    if not head.startswith(_EBML):
        return None
    length, width = _length(head[4:12])
    at = 4 + width + (length or 0)
    if head[at : at + 4] != _SEGMENT:
        return None
    length, width = _length(head[at + 4 : at + 12])
    return None if length is None else at + 4 + width + length


def _length(data: bytes) -> tuple[int | None, int]:
    """A length as EBML writes it: (bytes that follow, bytes that it takes itself); None for unknown."""
    width = 9 - data[0].bit_length() if data and data[0] else 8
    value = int.from_bytes(data[:width]) & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width
