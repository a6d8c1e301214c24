"""A movie is read in sections of half an hour, each as much as a model reads at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST_REMAINDER = 120.0  # seconds; less than this at the end is read with the section before


@dataclass(frozen=True)
class Section:
    """The time range `[start, end)` of a movie, in seconds."""

    index: int
    start: float
    end: float
    synopsis: str = ""

    @property
    def label(self) -> str:
        """Where it lies, for people: `0:00–30:00`."""
        return f"{clock(self.start)}–{clock(self.end)}"

    @property
    def seconds(self) -> tuple[float, ...]:
        """Times of its frames: the whole seconds in `[start, end)`."""
        return tuple(float(second) for second in range(math.ceil(self.start), math.ceil(self.end)))


def clock(seconds: float) -> str:
    """A time as on a player: `4:05` or `1:04:05`. Fractions are cut."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def cut_sections(duration: float, *, minutes: float = 30, synopses: Sequence[str] = ()) -> tuple[Section, ...]:
    """Cut `duration` seconds into sections of `minutes`; a remainder under two minutes joins the one before.

    Raises ValueError when a length is not positive.
    """
    if not (duration > 0 and minutes > 0):
        raise ValueError(f"a duration of {duration} s in sections of {minutes} min cannot be cut")
    length = minutes * 60
    whole = int(duration // length)
    remainder = duration - whole * length
    count = max(1, whole + (remainder >= SHORTEST_REMAINDER))
    ends = [length * (index + 1) for index in range(count - 1)] + [duration]
    return tuple(
        Section(index, length * index, end, synopses[index] if index < len(synopses) else "")
        for index, end in enumerate(ends)
    )
