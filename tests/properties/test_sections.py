import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llamavid_demo.film.sections import SHORTEST_REMAINDER, Note, cut_sections

DURATION = st.floats(0.01, 5 * 3600)
MINUTES = st.floats(0.5, 60)


@given(DURATION, MINUTES)
def test_sections_are_the_film_without_gaps_or_overlaps(duration: float, minutes: float) -> None:
    sections = cut_sections(duration, minutes=minutes)
    assert (sections[0].start, sections[-1].end) == (0, duration)
    assert all(before.end == after.start for before, after in pairwise(sections))
    assert [section.index for section in sections] == list(range(len(sections)))
    seconds = [second for section in sections for second in section.seconds]
    assert seconds == [float(second) for second in range(math.ceil(duration))]


@given(DURATION, MINUTES)
def test_sections_are_as_long_as_was_asked_for(duration: float, minutes: float) -> None:
    *whole, last = cut_sections(duration, minutes=minutes)
    assert all(math.isclose(section.end - section.start, minutes * 60) for section in whole)
    longest = minutes * 60 + SHORTEST_REMAINDER
    assert 0 < last.end - last.start < longest or math.isclose(last.end - last.start, longest)
    if whole:
        assert last.end - last.start > min(minutes * 60, SHORTEST_REMAINDER) - 1e-6


@given(DURATION, MINUTES, st.lists(st.floats(0, 1, exclude_max=True), max_size=8, unique=True))
def test_notes_are_told_once_and_by_the_section_that_holds_their_part(
    duration: float, minutes: float, begins: list[float]
) -> None:
    starts = sorted(begin * duration for begin in begins)
    notes = [Note(f"Part {i}.", (f"What of {i}?",), start) for i, start in enumerate(starts)]
    sections = cut_sections(duration, minutes=minutes, notes=notes)
    told = [question for section in sections for question in section.questions]
    held = [
        notes[i].questions[0]
        for i, (start, end) in enumerate(pairwise([*starts, duration]))
        if any(section.start <= start and end <= section.end for section in sections)
    ]
    assert told == held
