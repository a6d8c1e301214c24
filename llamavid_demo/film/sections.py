"""A movie is read in sections of half an hour, each as much as a model reads at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

SHORTEST_REMAINDER = 120.0  # seconds; less than this at the end is read with the section before


@dataclass(frozen=True)
class Section:
    """The time range `[start, end)` of a movie, in seconds; `questions` are worth asking about it."""

    index: int
    start: float
    end: float
    synopsis: str = ""
    questions: tuple[str, ...] = ()

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


@dataclass(frozen=True)
class Note:
    """What is known of a part of a movie that begins at `start` seconds; None: one of equal parts."""

    synopsis: str = ""
    questions: tuple[str, ...] = ()
    start: float | None = None


def cut_sections(duration: float, *, minutes: float = 30, notes: Sequence[Note] = ()) -> tuple[Section, ...]:
    """Cut `duration` seconds into sections of `minutes`; a remainder under two minutes joins the one before.

    A section is told by the `notes` whose parts lie in it as a whole. Those that say no `start` are of the sections in
    their order, if there is one for each: notes of half hours say nothing about quarters.

    Raises ValueError when a length is not positive.
    """
    if not (duration > 0 and minutes > 0):
        raise ValueError(f"a duration of {duration} s in sections of {minutes} min cannot be cut")
    length = minutes * 60
    whole = int(duration // length)
    remainder = duration - whole * length
    count = max(1, whole + (remainder >= SHORTEST_REMAINDER))
    ends = [length * (index + 1) for index in range(count - 1)] + [duration]
    starts = [length * index for index in range(count)]
    parts = _parts(notes, starts, duration)
    return tuple(
        _told(Section(index, start, end), parts) for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def _parts(notes: Sequence[Note], starts: Sequence[float], duration: float) -> list[tuple[float, float, Note]]:
    """Notes with the start and end of what they are about."""
    if any(note.start is None for note in notes):
        begins = list(starts) if len(notes) == len(starts) else []
    else:
        begins = [note.start or 0.0 for note in notes]
    return list(zip(begins, [*begins[1:], duration], notes, strict=False)) if begins else []


def _told(section: Section, parts: Sequence[tuple[float, float, Note]]) -> Section:
    found = [note for start, end, note in parts if section.start <= start and end <= section.end]
    questions = tuple(question for note in found for question in note.questions)
    return replace(section, synopsis=" ".join(filter(None, (note.synopsis for note in found))), questions=questions)
