"""Which frame each cue is read after: the golden rule of LLaMA-VID."""

from bisect import bisect_left
from collections.abc import Sequence

from llamavid_demo.film.cues import Cue


def cues_by_frame(cues: Sequence[Cue], times: Sequence[float]) -> list[list[Cue]]:
    """Give each cue to the last frame whose time is before the cue's end; late ones to the last frame.

    `times` are the frames' times in seconds, ascending. The order of the cues is kept, so a cue that ends before
    the one listed above it stays with that one. A cue that ends at or before the first frame goes to the first.
    Returns one list a frame.
    """
    frames: list[list[Cue]] = [[] for _ in times]
    if not frames:
        return frames
    frame = 0
    for cue in cues:
        frame = max(frame, bisect_left(times, cue.end) - 1)
        frames[frame].append(cue)
    return frames
