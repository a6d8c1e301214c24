"""Which files may be opened at all: plain, local, inside their folder, and of a container that we know.

ffmpeg and decord guess a file's format from its content, and some formats (playlists, concatenation lists, manifests)
name other files or addresses that they would then open. So the first bytes decide here, before either sees the file.
"""

import codecs
import stat
import unicodedata
from pathlib import Path, PurePath

from llamavid_demo.errors import MovieError

# By container; the first is the one that a file gets whose name says something else than its content.
_SUFFIXES = {
    "mov": (".mp4", ".mov", ".m4v", ".3gp", ".3g2", ".qt"),
    "matroska": (".mkv", ".webm"),
    "avi": (".avi",),
    "mpegts": (".ts", ".mts", ".m2ts"),
    "mpeg": (".mpg", ".mpeg", ".vob"),
    "flv": (".flv",),
    "ogg": (".ogv", ".ogg", ".ogm"),
    "asf": (".wmv", ".asf"),
    "gif": (".gif",),
}
VIDEO_SUFFIXES = frozenset(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
# ffmpeg's names of the containers below; it refuses to open any other.
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,gif"

_LONGEST_NAME = 255  # letters; no file system takes more
_UNSEEN = ("Cc", "Zl", "Zp")  # control characters, and what breaks a line or a paragraph
_PACKETS = 8  # of a transport stream that are looked for
_HEAD = 65536  # bytes looked at
_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x1aE\xdf\xa3", 0, "matroska"),
    (b"AVI ", 8, "avi"),
    (b"AVIX", 8, "avi"),
    (b"FLV", 0, "flv"),
    (b"OggS", 0, "ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, "asf"),
    (b"GIF87a", 0, "gif"),
    (b"GIF89a", 0, "gif"),
    (b"\x00\x00\x01\xba", 0, "mpeg"),
)
_MOV_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"uuid"))
_LISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"<smil", b"<asx", b"#!", b"v=0", b"file ")
# What people take for a video: how it begins, and what it is.
_OTHERS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"%PDF",), "a PDF document"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*"), "a picture"),
    ((b"ID3", b"\xff\xfb", b"\xff\xf3", b"fLaC"), "a sound file"),
    ((b"PK\x03\x04",), "a ZIP archive or an office document"),
    ((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"), "an archive"),
    ((b"MZ", b"\x7fELF"), "a program"),
)


def check_plain_file(path: Path) -> Path:
    """Return the absolute path of a plain, non-empty file that lies where it says.

    Raises MovieError when it is missing, empty, a folder, a pipe or a device, a link that leaves its folder, or has a
    name that is too long, no text, or holds line breaks and the like.
    """
    name = path.name if len(path.name) <= _LONGEST_NAME else f"{path.name[:40]}…"
    # A name of bytes without a meaning cannot be shown, nor given to ffmpeg.
    written = name.encode("utf-8", "replace").decode()
    if written != name:
        raise MovieError(f"The name of {written} is not in UTF-8. Rename it.")
    seen = "".join("�" if unicodedata.category(c) in _UNSEEN else c for c in name)
    if seen != name:
        raise MovieError(f"The name of {seen} holds a line break or another control character. Rename it.")
    try:
        folder = path.parent.resolve(strict=True)
        real = path.resolve(strict=True)
        status, is_link = real.stat(), path.is_symlink()
    except (FileNotFoundError, NotADirectoryError):
        raise MovieError(f"There is no file {name}. Check the path.") from None
    except OSError as error:  # no permission, too long
        raise MovieError(f"{name} cannot be opened: {error.strerror}. Check the path and its permissions.") from None
    except (RuntimeError, ValueError):
        raise MovieError(f"{name} cannot be opened: its path leads nowhere. Check the path.") from None
    if is_link and not real.is_relative_to(folder):
        raise MovieError(f"{name} is a link that leads outside its folder. Copy the file itself there.")
    if not stat.S_ISREG(status.st_mode):
        raise MovieError(f"{name} is not a plain file. Give a video file such as film.mp4.")
    if status.st_size == 0:
        raise MovieError(f"{name} is empty (0 bytes). Copy or download it again.")
    return real


def sniff_container(path: Path) -> str:
    """Tell a file's container by its first bytes: mov, matroska, avi, mpegts, mpeg, flv, ogg, asf or gif.

    Raises MovieError for anything else; playlists and lists of files are named as such.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise MovieError(f"{path.name} cannot be read: {error.strerror}. Check its permissions.") from None
    for magic, offset, container in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return container
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if _is_transport_stream(head):
        return "mpegts"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(_LISTS):
        raise MovieError(
            f"{path.name} is a playlist or a list of files, not a video. Give one of the videos that it names."
        )
    raise MovieError(
        f"{path.name} is {_other_kind(head)}, not a video. Give MP4, MOV, MKV, WebM, AVI, MPEG, FLV, OGG, WMV or GIF."
    )


def fitting_suffix(name: PurePath, container: str) -> str:
    """The suffix of a name if it is one of its container, as `sniff_container` tells it; else the container's first."""
    suffix, known = name.suffix.lower(), _SUFFIXES[container]
    return suffix if suffix in known else known[0]


def _other_kind(head: bytes) -> str:
    """What a file that is no video is, in words, by its first bytes."""
    for beginnings, kind in _OTHERS:
        if head.startswith(beginnings):
            return kind
    if head.startswith(b"RIFF"):
        return {b"WAVE": "a sound file", b"WEBP": "a picture"}.get(head[8:12], "a file of a kind that we do not know")
    if not any(head):
        return "a file of nothing but zeros"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "a file of a kind that we do not know"
    if any(ord(character) < 32 and not character.isspace() for character in text):
        return "a file of a kind that we do not know"
    return "a web page" if text.lstrip().lower().startswith(("<!doctype html", "<html")) else "a text file"


def _is_transport_stream(head: bytes) -> bool:
    """Eight sync bytes in a row, in packets of 188 bytes (.ts) or of 192 (.m2ts); what is cut begins inside one."""
    return any(
        head[first : first + _PACKETS * size : size] == b"\x47" * _PACKETS
        for size in (188, 192)
        for first in range(size)
    )
