"""Cues in order of time, none before 0, none that overlap and none that ends before it begins."""

from collections.abc import Iterable
from itertools import groupby

from llamavid_demo.film.cues import Cue

MOST_LETTERS = 2000  # of a text on screen at one time
_SECONDS_A_LETTER = 0.067  # people read about fifteen letters a second


def reading_time(text: str) -> float:
    """Seconds for which a text should stand when nothing says for how long."""
    return 0.5 + _SECONDS_A_LETTER * len(text)


def repaired(cues: Iterable[Cue]) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
    """Return the cues in order with their times put right, and a warning for each kind of repair.

    A cue before 0 is left out. One that ends before it begins, or as it begins, stands for as long as it takes to read.
    One that is still there when the next begins ends then; two that begin together become one cue of several lines. A
    text of more than 2,000 letters is cut.
    """
    listed = list(cues)
    given = [cue for cue in listed if cue.start >= 0 or cue.end > 0]
    positive = [_with_duration(cue) for cue in given]
    changed = sum(one != other for one, other in zip(given, positive, strict=True))
    merged = _merged(sorted(positive, key=lambda cue: cue.start))
    together = len(positive) - len(merged)
    long = sum(len(cue.text) > MOST_LETTERS for cue in merged)
    result, cut = [], 0
    for index, cue in enumerate(merged):
        after = merged[index + 1].start if index + 1 < len(merged) else cue.end
        cut += cue.end > after
        result.append(Cue(cue.start, min(cue.end, max(after, cue.start)), _shortened(cue.text)))
    warnings = (
        (len(listed) - len(given), "lay before the beginning and was left out"),
        (long, f"had more than {MOST_LETTERS:,} letters and was cut"),
        (changed, "had no duration or a negative one and now stands for its reading time"),
        (together, "began together with another and was joined to it"),
        (cut, "overlapped the next and now ends where that begins"),
    )
    return tuple(result), tuple(_said(count, what) for count, what in warnings if count)


def _said(count: int, what: str) -> str:
    return f"1 cue {what}" if count == 1 else f"{count} cues, each of which {what}"


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"


def _with_duration(cue: Cue) -> Cue:
    start = max(0.0, cue.start)
    end = cue.end if cue.end > start else start + reading_time(cue.text)
    return cue if (start, end) == (cue.start, cue.end) else Cue(start, end, cue.text)


def _merged(cues: list[Cue]) -> list[Cue]:
    """Join cues that begin at the same time; the same text twice is written once."""
    merged: list[Cue] = []
    for start, together in groupby(cues, key=lambda cue: cue.start):
        same = list(together)
        text = "\n".join(dict.fromkeys(cue.text for cue in same))
        merged.append(Cue(start, max(cue.end for cue in same), text))
    return merged
