"""Signs: texts of ASS files that stand in the picture, some of them for minutes. Dialogue is not cut for them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.repair import reading_time

_ROOM = 0.5  # seconds between two lines in which a sign finds its place


def with_signs(said: Sequence[Cue], signs: Sequence[Cue]) -> list[Cue]:
    """Dialogue as it is, and signs between its lines.

    A sign ends when somebody speaks. One that begins while somebody speaks follows them, or is added to what they say
    where the next line comes at once.
    """
    lines = sorted(said, key=lambda cue: cue.start)
    starts = [cue.start for cue in lines]
    ends = list[float]()  # until when somebody has spoken, in that order
    for cue in lines:
        ends.append(max(cue.end, ends[-1] if ends else cue.end))
    placed = list[Cue]()
    for sign in signs:
        before = bisect_right(starts, sign.start) - 1
        speaking = before >= 0 and ends[before] > sign.start
        start = ends[before] if speaking else sign.start
        after = next(iter(starts[before + 1 : before + 2]), max(sign.end, start + reading_time(sign.text)))
        if speaking and after - start < _ROOM:
            lines[before] = replace(lines[before], text=f"{lines[before].text}\n{sign.text}")
        else:
            end = start + reading_time(sign.text) if speaking else sign.end
            placed.append(Cue(start, min(end, max(after, start)), sign.text))
    return [*lines, *placed]
