"""Cues as SRT text and back, for people who edit them: what is wrong is said with its line.

`read_subtitles` is for files, and forgiving: it passes over lines that make no sense, which here would lose words that
somebody has just typed.
"""

import re
from collections.abc import Iterable

from llamavid_demo.errors import SubtitleError
from llamavid_demo.film.cues import Cue, timestamp
from llamavid_demo.film.repair import repaired

MOST_LETTERS = 2_000_000
_TIME = r"(\d{1,3}):([0-5]?\d):([0-5]?\d)[,.](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}\s*")
_LIKE = "00:01:02,500 --> 00:01:04,000"


def to_srt(cues: Iterable[Cue]) -> str:
    """Cues as the text of an SRT file."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        text = "\n".join(line for line in cue.text.splitlines() if line.strip())  # an empty line would end the cue
        blocks.append(f"{number}\n{timestamp(cue.start, ',')} --> {timestamp(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def from_srt(text: str) -> tuple[Cue, ...]:
    """The cues of SRT text, in order and without overlaps; numbers may be wrong or missing.

    Raises `SubtitleError` with the line that makes no sense, and for text without a cue or above 2,000,000 letters.
    """
    if len(text) > MOST_LETTERS:
        raise SubtitleError(f"The text has {len(text):,} letters; at most {MOST_LETTERS:,} are read. Shorten it.")
    lines = text.lstrip("\ufeff").splitlines()
    cues, at = list[Cue](), 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        at += lines[at].strip().isdecimal()
        start, end = _times(lines, at)
        words, at = list[str](), at + 1
        while at < len(lines) and lines[at].strip():
            if "-->" in lines[at]:
                raise SubtitleError(f"Line {at + 1} is a time in the midst of a text: put an empty line before it.")
            words.append(lines[at].strip())
            at += 1
        if words:
            cues.append(Cue(start, end, "\n".join(words)))
    if not cues:
        raise SubtitleError(f"There is no line with text: write a time such as {_LIKE}, and what is said below it.")
    return repaired(cues)[0]


def _times(lines: list[str], at: int) -> tuple[float, float]:
    """Start and end, in seconds, on line number `at`."""
    line = lines[at].strip() if at < len(lines) else ""
    match = _TIMING.fullmatch(line)
    if not match:
        shown = f"“{line[:60]}”" if line else "empty"
        raise SubtitleError(f"Line {at + 1} is {shown}; a time belongs there, such as {_LIKE}. Correct it.")
    start, end = _seconds(*match.groups()[:4]), _seconds(*match.groups()[4:])
    if end <= start:
        raise SubtitleError(f"Line {at + 1} ends before it begins (“{line}”). Correct one of its times.")
    return start, end


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
