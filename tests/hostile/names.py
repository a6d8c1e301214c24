"""Good films, and paths to none, with names that mean something to a shell, ffmpeg, a page or a terminal."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.bases import CUES, base
from tests.hostile.case import Case
from tests.hostile.trap import trap

THERE = (
    "a\nb.mp4",
    "a\r\x1b[31mb.mp4",
    "a'b\"c`d.mp4",
    "..mp4",
    "....mp4",
    "-i.mp4",
    "-vf.mp4",
    "%03d.mp4",
    "*.mp4",
    "[a].mp4",
    "file:a.mp4",
    "concat:a|b.mp4",
    "http:a.mp4",
    "a;touch b;.mp4",
    "$(id).mp4",
    "<script>alert(1)<.mp4",
    "{0}%s{a}.mp4",
    "\u202e4pm.mp4",
    "\u200f\u200e.mp4",
    "\ufeff.mp4",
    "a\tb.mp4",
    " .mp4",
    "x" * 251 + ".mp4",
    "é" * 120 + ".mp4",
    "film.mp4\n.srt",
    "\\\\server\\share.mp4",
    "C:film.mp4",
    "a\\nb.mp4",
    "&lt;b&gt;.mp4",
    "\u2028.mp4",
    "\x7f\x80.mp4",
)
NOT_THERE = (
    "x" * 4000 + ".mp4",
    "a\0b.mp4",
    "\0",
    "../" * 2000 + "etc/passwd",
    "no/such.mp4",
    "",
    "~nobody/film.mp4",
    "\ud800.mp4",
    "file:///etc/passwd",
    "http://{host}/film.mp4",
    "pipe:0",
    "concat:{path}/canary.mp4",
    "/dev/zero",
    "/proc/self/mem",
    "/dev/stdin",
    "film.mp4/film.mp4",
    "subfile,,start,0,end,9,,:{path}/canary.mp4",
    "data:video/mp4;base64,AAAA",
)


def cases() -> Iterator[Case]:
    """Each name for a film, and a few for its subtitles."""
    for name in THERE:
        yield Case("names", ascii(name)[:60], _there(name))
        srt = f"{name[:-4]}.srt"
        yield Case("names", ascii(srt)[:60], _cues(srt), subtitles=True)
    for name in NOT_THERE:
        yield Case("names", f"nothing at {ascii(name)[:60]}", _nowhere(name))
        yield Case("names", f"no cues at {ascii(name)[:60]}", _nowhere(name), subtitles=True)
    yield Case("names", "bytes that are no text", _bytes)
    yield Case("names", "a pipe", _pipe)
    yield Case("names", "a folder", _folder)
    yield Case("names", "a link to itself", _loop)


def _there(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(base("mp4").read_bytes())
        return folder / name

    return make


def _cues(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(CUES)
        return folder / name

    return make


def _nowhere(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return folder / name.replace("{host}", trap().address).replace("{path}", str(trap().canary))

    return make


def _bytes(folder: Path) -> Path:
    path = os.fsencode(folder) + b"/\xff\xfe.mp4"
    with open(path, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(base("mp4").read_bytes())
    return Path(os.fsdecode(path))


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "film.mp4")
    return folder / "film.mp4"


def _folder(folder: Path) -> Path:
    (folder / "film.mp4").mkdir()
    return folder / "film.mp4"


def _loop(folder: Path) -> Path:
    (folder / "film.mp4").symlink_to("film.mp4")
    return folder / "film.mp4"
