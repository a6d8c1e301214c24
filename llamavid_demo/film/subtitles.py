"""A subtitle file to a track of cues: SRT, WebVTT, ASS/SSA, MicroDVD, MPL2, SubViewer, TTML and SAMI."""

import logging
import math
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pysubs2
from pysubs2.exceptions import Pysubs2Error

from llamavid_demo.errors import MovieError, SubtitleError
from llamavid_demo.film.cues import Cue, SubtitleTrack
from llamavid_demo.film.encodings import decode, encoding_doubt
from llamavid_demo.film.languages import language_code
from llamavid_demo.film.plain_files import check_plain_file
from llamavid_demo.film.repair import repaired
from llamavid_demo.film.sami import read_sami
from llamavid_demo.film.signs import with_signs
from llamavid_demo.film.timed_text import SUBVIEWER, TIMING, read_srt, read_subviewer, read_vtt
from llamavid_demo.film.ttml import read_ttml

logger = logging.getLogger(__name__)

SUBTITLE_SUFFIXES = frozenset([".srt", ".vtt", ".ass", ".ssa", ".sub", ".ttml", ".dfxp", ".smi", ".sami"])
MOST_BYTES = 10_000_000
_KINDS = "SRT, WebVTT, ASS, SSA, MicroDVD, MPL2, SubViewer, TTML or SAMI"
_OWN = {"srt": read_srt, "vtt": read_vtt, "subviewer": read_subviewer, "ttml": read_ttml}
_BRACED = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")
_PLACED = re.compile(r"\{[^{}]*\\(pos|move)\(")
_LEFT_OUT = frozenset("\ufeff\u00ad\u2060\ufff9\ufffa\ufffb")  # marks that show nothing; joiners and directions stay
_MICRODVD_RATE = re.compile(r"\s*\{[01]\}\{[01]\}\s*\d+(\.\d+)?\s*(\n|$)")


def read_subtitles(
    path: Path, *, fps: float = 0.0, language: str | None = None, encoding: str | None = None
) -> SubtitleTrack:
    """Read a subtitle file. The format is told by its content, an `encoding` that is not given as `decode` says.

    `fps` is the movie's frame rate, for MicroDVD files, which count frames. `language` chooses among the languages of
    a SAMI file. Raises SubtitleError when the file is missing, larger than 10 MB, or of no kind that we read.
    """
    try:
        real = check_plain_file(path)
    except MovieError as error:
        raise SubtitleError(str(error)) from None
    size = real.stat().st_size
    if size > MOST_BYTES:
        megabytes = math.ceil(size / 1e5) / 10
        raise SubtitleError(f"{path.name} has {megabytes} MB; subtitles have at most 10 MB. Is it another file?")
    data = real.read_bytes()
    if data.startswith((b"\x00\x00\x01\xba", b"PG")) or path.suffix.lower() == ".idx":
        raise SubtitleError(f"{path.name} holds subtitles as pictures. Give subtitles as text: {_KINDS}.")
    cues, warnings, encoding = read_bytes(data, name=path.name, fps=fps, language=language, encoding=encoding)
    return SubtitleTrack(
        cues=cues,
        source=path.name,
        encoding=encoding,
        language=language_in_name(path),
        warnings=warnings,
    )


def read_bytes(
    data: bytes, *, name: str, fps: float = 0.0, language: str | None = None, encoding: str | None = None
) -> tuple[tuple[Cue, ...], tuple[str, ...], str]:
    """Bytes of a subtitle file or track to (cues, warnings, encoding); see `parse_subtitles` and `decode`."""
    text, read_as = decode(data, encoding)
    cues, warnings = parse_subtitles(text, name=name, fps=fps, language=language)
    if not encoding and (doubt := encoding_doubt(text, read_as)):
        warnings = (*warnings, f"{name}: {doubt}")
    return cues, warnings, read_as


def language_in_name(path: Path) -> str | None:
    """The language that a name such as `film.en.srt` or `film.eng.forced.srt` tells, in two letters."""
    parts = path.stem.split(".")[1:]
    return next((code for part in reversed(parts) if (code := language_code(part))), None)


def parse_subtitles(
    text: str, *, name: str, fps: float = 0.0, language: str | None = None
) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
    """Text of a subtitle file to (cues, warnings). `name` is for messages, which are logged too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    kind = _kind(text)
    if kind is None:
        raise SubtitleError(f"{name} is no subtitle file that we read. Give {_KINDS}.")
    try:
        if kind == "sami":
            raw = read_sami(text, language=language)
        elif kind in _OWN:
            raw = _OWN[kind](text)
        else:
            raw = _read_with_pysubs2(text, kind, fps=fps, name=name)
    except (ValueError, Pysubs2Error, SyntaxError) as error:  # SyntaxError: XML that is not well formed
        raise SubtitleError(f"{name} cannot be read as {kind}: {error}. Correct it or take it away.") from None
    except OverflowError:
        raise SubtitleError(f"{name} has a time beyond all numbers. Correct it or take it away.") from None
    cues, warnings = repaired(_cleaned(raw))
    if not cues:
        warnings = (*warnings, "it holds no text at all")
    warnings = tuple(f"{name}: {warning}" for warning in warnings)
    for warning in warnings:
        logger.warning(warning)
    return cues, warnings


def _kind(text: str) -> str | None:
    """The format by its content: srt, vtt, ass, ssa, microdvd, mpl2, subviewer, ttml or sami."""
    head = text.lstrip()[:4096]
    if head.startswith("WEBVTT"):
        return "vtt"
    if re.match(r"<sami\b", head, re.IGNORECASE):
        return "sami"
    if re.search(r"<(\w{1,99}:)?tt[\s>]", head):
        return "ttml"
    if re.search(r"^[ \t]*\[(Script Info|V4\+? Styles|Events)\]", text, re.IGNORECASE | re.MULTILINE):
        return "ssa" if re.search(r"^[ \t]*\[V4 Styles\]", text, re.IGNORECASE | re.MULTILINE) else "ass"
    if re.search(r"^[ \t]*\{[ \t]*\d+[ \t]*\}[ \t]*\{[ \t]*\d*[ \t]*\}", text, re.MULTILINE):
        return "microdvd"
    lines = text.split("\n")
    if any(map(TIMING.fullmatch, lines)):
        return "srt"
    if any(map(SUBVIEWER.fullmatch, lines)):
        return "subviewer"
    return "mpl2" if re.search(r"^\[\d+\]\[\d+\]", text, re.MULTILINE) else None


def _read_with_pysubs2(text: str, kind: str, *, fps: float, name: str) -> list[Cue]:
    rate = None
    if kind == "microdvd":
        text = _with_ends(text)
        if not _MICRODVD_RATE.match(text):
            if fps <= 0:
                raise SubtitleError(f"{name} counts frames, and the movie's frame rate is not known. Give SRT.")
            rate = fps
    subs = pysubs2.SSAFile.from_string(text, format_=kind, fps=rate)
    said, signs = list[Cue](), list[Cue]()
    for event in subs.events:
        if not event.is_comment and not _DRAWING.search(event.text):
            cue = Cue(event.start / 1000, event.end / 1000, _plain(event.text))
            is_sign = "sign" in event.style.lower() or _PLACED.search(event.text)
            (signs if is_sign else said).append(cue)
    return with_signs(said, signs)


def _plain(text: str) -> str:
    """Words of an event without overrides and comments; pysubs2's own way takes hours for hostile ones."""
    return _BRACED.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")


def _with_ends(text: str) -> str:
    """Let MicroDVD lines without an end, `{123}{}`, stand for a hundred frames or until the next."""
    return re.sub(r"\{\s*(\d+)\s*\}\s*\{\s*\}", lambda m: f"{{{m[1]}}}{{{int(m[1]) + 100}}}", text)


def _cleaned(cues: Iterable[Cue]) -> list[Cue]:
    """Drop control characters, needless spaces and cues without text. Music signs and joiners are text."""
    cleaned = []
    for cue in cues:
        visible = "".join(
            c for c in cue.text if c.isspace() or not (c in _LEFT_OUT or unicodedata.category(c) in ("Cc", "Cs"))
        )
        lines = (" ".join(line.split()) for line in visible.split("\n"))
        text = "\n".join(line for line in lines if line)
        if text:
            cleaned.append(Cue(cue.start, cue.end, text))
    return cleaned
