"""What is no film but would have one read other files, call a machine, or run script: playlists, scripts, archives."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.bases import base
from tests.hostile.case import Case, writer
from tests.hostile.trap import trap

NAMES = ("film.mp4", "film.mkv", "film.ts", "film.m3u8")
# `{path}` is the canary's folder, `{host}` the listener.
TEXTS = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}/canary.mp4\n#EXT-X-ENDLIST\n",
    "playlist by network": "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://{host}/k\"\n#EXTINF:9,\nhttp://{host}/a.ts\n",
    "playlist behind blanks": "\ufeff\n\n #EXTM3U\n#EXTINF:9,\nconcat:{path}/canary.mp4|http://{host}/\n",
    "concat": "ffconcat version 1.0\nfile {path}/canary.mp4\nfile http://{host}/a.mp4\n",
    "old concat": "file '{path}/canary.mp4'\n",
    "MPD": '<?xml version="1.0"?><MPD><Period><BaseURL>http://{host}/</BaseURL></Period></MPD>',
    "XML entity": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file://{path}/canary.srt">]><a>&b;</a>',
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=control:rtsp://{host}/\n",
    "PLS": "[playlist]\nFile1={path}/canary.mp4\nFile2=http://{host}/\n",
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{path}/canary.mp4"/><script>1</script></svg>',
    "SVG by network": '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://{host}/a.png"/></svg>',
    "page": "<!DOCTYPE html><script src='http://{host}/x.js'></script><video src='file://{path}/canary.mp4'>",
    "ASX": '<asx version="3.0"><entry><ref href="http://{host}/a.wmv"/></entry></asx>',
    "AviSynth": 'AviSource("{path}/canary.mp4")\n',
    "shell": "#!/bin/sh\ncat {path}/canary.srt\n",
    "RTSP address": "[Reference]\nRef1=rtsp://{host}/a\n",
}  # fmt: skip
MARKS = {"EBML": b"\x1aE\xdf\xa3", "GIF": b"GIF89a", "FLV": b"FLV\x01", "Ogg": b"OggS", "MP4": b"\0\0\0\x18ftypisom"}
OTHERS = {"ELF": b"\x7fELF", "PDF": b"%PDF-1.7", "PNG": b"\x89PNG\r\n\x1a\n", "zeros": b"\0"}
SUBTITLE_NAMES = ("film.srt", "film.vtt", "film.ttml")


def cases() -> Iterator[Case]:
    """Each lure under the names of films and of subtitles, behind the marks of films, and archives."""
    for label, text in TEXTS.items():
        for name in NAMES:
            yield Case("lures", f"{label} as {name}", _filled(name, text))
        for name in SUBTITLE_NAMES:
            yield Case("lures", f"{label} as {name}", _filled(name, text), subtitles=True)
    for label, mark in MARKS.items():
        for text in ("playlist", "concat"):
            yield Case("lures", f"{text} behind a mark of {label}", _filled("film.mp4", TEXTS[text], before=mark))
    yield Case("lures", "playlist in a transport stream", _filled("film.ts", TEXTS["playlist"], before=_packets()))
    yield Case("lures", "MP4 with its pictures elsewhere", _elsewhere)
    yield Case("lures", "a link to the canary", _link)
    yield Case("lures", "a link to cues of the canary", _link_to_cues, subtitles=True)
    for name in ("film.mp4", "film.srt"):
        subtitles = name.endswith("srt")
        yield Case("archives", f"zip bomb as {name}", _zip_bomb(name), subtitles)
        yield Case("archives", f"gzip bomb as {name}", _gzip_bomb(name), subtitles)
        for label, start in (
            ("ELF", b"\x7fELF"),
            ("PDF", b"%PDF-1.7"),
            ("PNG", b"\x89PNG\r\n\x1a\n"),
            ("zeros", b"\0"),
        ):
            yield Case("archives", f"{label} as {name}", writer(name, start + bytes(5000)), subtitles)


def _filled(name: str, text: str, *, before: bytes = b"") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        filled = text.replace("{path}", str(trap().canary)).replace("{host}", trap().address)
        return writer(name, before + filled.encode())(folder)

    return make


def _packets() -> bytes:
    return (b"\x47" + bytes(187)) * 9


def _elsewhere(folder: Path) -> Path:
    """A QuickTime film whose data reference names another file: `url ` made long enough for its address."""
    data = bytearray(base("mov").read_bytes())
    address = f"file://{trap().canary}/canary.mp4".encode() + b"\0"
    at = data.index(b"url \0\0\0\1")
    reference = struct.pack(">I", 12 + len(address)) + b"url \0\0\0\0" + address
    grown = len(reference) - 12
    data[at - 4 : at + 8] = reference
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = data.rindex(box, 0, at) - 4
        data[place : place + 4] = struct.pack(">I", struct.unpack_from(">I", data, place)[0] + grown)
    return writer("film.mov", bytes(data))(folder)


def _link(folder: Path) -> Path:
    (folder / "film.mp4").symlink_to(trap().canary / "canary.mp4")
    return folder / "film.mp4"


def _link_to_cues(folder: Path) -> Path:
    (folder / "film.srt").symlink_to(trap().canary / "canary.srt")
    return folder / "film.srt"


def _zip_bomb(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("film.mp4", bytes(50_000_000))
        return writer(name, packed.getvalue())(folder)

    return make


def _gzip_bomb(name: str) -> Callable[[Path], Path]:
    return lambda folder: writer(name, gzip.compress(bytes(50_000_000)))(folder)
