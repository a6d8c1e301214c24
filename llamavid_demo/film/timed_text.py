"""Subtitles that stand as text below a line with two times: SRT, WebVTT and SubViewer.

Files by people and programs bend the rules in every way, and pysubs2 drops hours of three digits, braces, speakers and
times without milliseconds. Every pattern here takes time in proportion to the text, however hostile that is.
"""

import html
import re

from llamavid_demo.film.cues import Cue

_TIME = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]{{0,9}}-{{1,3}}>[ \t]{{0,9}}{_TIME}(?:[ \t].*)?")
SUBVIEWER = re.compile(rf"[ \t]*{_TIME}[ \t]?,[ \t]?{_TIME}[ \t]*")
_NO_CUE = re.compile(r"(NOTE|STYLE|REGION)\b")  # blocks of WebVTT
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,99})?[ \t]+([^<>]{1,99})>")
_WORD_TIME = re.compile(r"<\d\d:\d\d(:\d\d)?\.\d\d\d>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # of ASS, which players take in SRT too


def read_srt(text: str) -> list[Cue]:
    """The cues of an SRT file, in its order; times may be negative."""
    return [Cue(start, end, _srt_words(lines)) for start, end, lines in _blocks(text.split("\n"), TIMING)]


def read_subviewer(text: str) -> list[Cue]:
    """The cues of a SubViewer file, in its order."""
    found = _blocks(text.split("\n"), SUBVIEWER)
    return [Cue(start, end, "\n".join(lines).replace("[br]", "\n")) for start, end, lines in found]


def read_vtt(text: str) -> list[Cue]:
    """The cues of a WebVTT file, in its order; who speaks stands before the words.

    Automatic captions roll: each line comes again while the next is written below it. It is read once.
    """
    cues = []
    for block in text.split("\n\n"):  # a line of blanks belongs to its cue
        lines = block.strip("\n").split("\n")
        if not _NO_CUE.match(lines[0]):
            cues += [(start, end, [_vtt_words(line) for line in body]) for start, end, body in _blocks(lines, TIMING)]
    if _WORD_TIME.search(text):
        cues = _unrolled(cues)
    return [Cue(start, end, "\n".join(lines)) for start, end, lines in cues]


def _blocks(lines: list[str], timing: re.Pattern[str]) -> list[tuple[float, float, list[str]]]:
    """(start, end, lines of text) for each line of times; numbers above those are no text."""
    times = [(at, found) for at, line in enumerate(lines) if (found := timing.fullmatch(line))]
    blocks = []
    for (at, found), after in zip(times, [*(at for at, _ in times[1:]), None], strict=False):  # there may be none
        body = lines[at + 1 : after]
        if after is not None and body and body[-1].strip().isdecimal():
            body.pop()
        blocks.append((_seconds(*found.groups()[:5]), _seconds(*found.groups()[5:]), body))
    return blocks


def _seconds(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
    return -whole if sign else whole


def _srt_words(lines: list[str]) -> str:
    words = _TAG.sub("", _OVERRIDE.sub("", "\n".join(lines)))
    return words.replace("\\N", "\n").replace("\\h", " ")


def _vtt_words(line: str) -> str:
    return html.unescape(_ANY_TAG.sub("", _VOICE.sub(r"\1: ", line)))


def _unrolled(cues: list[tuple[float, float, list[str]]]) -> list[tuple[float, float, list[str]]]:
    """Captions without the lines that stood on screen just before."""
    kept, shown = [], list[str]()
    for start, end, body in cues:
        lines = [line.strip() for line in body if line.strip()]
        new = lines if lines[:1] != shown[-1:] else lines[1:]
        shown = lines
        if new:
            kept.append((start, end, new))
    return kept
