import pytest

from llamavid_demo.film.sections import Note, Section, clock, cut_sections


def ends(duration: float, minutes: float = 30) -> list[tuple[float, float]]:
    return [(section.start, section.end) for section in cut_sections(duration, minutes=minutes)]


def test_a_short_movie_is_one_section() -> None:
    assert ends(95.5) == [(0, 95.5)]
    assert ends(0.04) == [(0, 0.04)]


def test_a_remainder_of_two_minutes_is_a_section_and_a_shorter_one_joins() -> None:
    assert ends(1800 + 120) == [(0, 1800), (1800, 1920)]
    assert ends(1800 + 119.9) == [(0, 1919.9)]
    assert ends(3600 + 119) == [(0, 1800), (1800, 3719)]
    assert ends(3600) == [(0, 1800), (1800, 3600)]


def test_the_length_can_be_chosen() -> None:
    assert ends(600, minutes=4) == [(0, 240), (240, 480), (480, 600)]
    assert ends(100, minutes=0.5) == [(0, 30), (30, 60), (60, 100)]


@pytest.mark.parametrize(("duration", "minutes"), [(0, 30), (-1, 30), (60, 0), (float("nan"), 30)])
def test_lengths_that_are_not_positive_are_refused(duration: float, minutes: float) -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        cut_sections(duration, minutes=minutes)


def test_frames_are_at_the_whole_seconds_of_the_section() -> None:
    assert Section(0, 0.0, 2.5).seconds == (0.0, 1.0, 2.0)
    assert Section(0, 0.0, 2.0).seconds == (0.0, 1.0)
    assert Section(1, 1.5, 4.0).seconds == (2.0, 3.0)
    sections = cut_sections(4000.7, minutes=10.25)
    together = [second for section in sections for second in section.seconds]
    assert together == [float(second) for second in range(4001)]


def test_labels_and_synopses() -> None:
    first, second = cut_sections(3700, notes=[Note("They set out.", ("Where to?",)), Note()])
    assert (first.label, first.synopsis) == ("0:00–30:00", "They set out.")
    assert (first.questions, second.questions) == (("Where to?",), ())
    assert (second.label, second.synopsis) == ("30:00–1:01:40", "")
    assert clock(59.9) == "0:59"
    assert clock(7384) == "2:03:04"


def test_notes_of_other_sections_say_nothing() -> None:
    assert [section.synopsis for section in cut_sections(3700, minutes=15, notes=[Note("One."), Note("Two.")])] == [
        ""
    ] * 4


def test_notes_that_say_where_they_begin_fit_any_cut_that_holds_them() -> None:
    notes = [Note("One.", ("A?",), 0), Note("Two.", ("B?",), 900), Note("Three.", ("C?",), 1800)]
    halves, quarters = (cut_sections(2400, minutes=minutes, notes=notes) for minutes in (30, 15))
    assert [(s.synopsis, s.questions) for s in halves] == [("One. Two.", ("A?", "B?")), ("Three.", ("C?",))]
    assert [s.questions for s in quarters] == [("A?",), ("B?",), ("C?",)]
    assert [s.questions for s in cut_sections(2400, minutes=20, notes=notes)] == [("A?",), ("C?",)]
