from itertools import chain, pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from llamavid_demo.chat.encoded_section import EncodedSection
from llamavid_demo.film import Cue, cues_by_frame
from llamavid_demo.film.cues import SubtitleTrack, shifted
from llamavid_demo.model.prompt import one_line

SECONDS = st.floats(0, 300, allow_nan=False).map(lambda seconds: round(seconds, 3))
TIMES = st.tuples(st.integers(0, 100), st.integers(1, 60)).map(
    lambda span: tuple(float(second) for second in range(span[0], sum(span)))
)


@st.composite
def cues(draw: st.DrawFn) -> list[Cue]:
    """Cues in any order, also such as overlap, stand for no time, or lie outside of the section."""
    rows = draw(st.lists(st.tuples(SECONDS, st.floats(0, 30), st.text(max_size=12)), max_size=20))
    return [Cue(start, start + length, text) for start, length, text in rows]


@given(cues(), TIMES)
def test_every_cue_is_read_once_and_in_order(cues: list[Cue], times: tuple[float, ...]) -> None:
    frames = cues_by_frame(cues, times)
    assert len(frames) == len(times)
    assert list(chain.from_iterable(frames)) == cues
    words = [word for frame in frames for word in one_line(frame).split()]
    assert words == [word for cue in cues for word in cue.text.split()]


@given(cues(), TIMES)
def test_cues_in_order_of_their_ends_are_read_at_the_last_frame_before_them(
    cues: list[Cue], times: tuple[float, ...]
) -> None:
    cues.sort(key=lambda cue: cue.end)
    for number, frame in enumerate(cues_by_frame(cues, times)):
        for cue in frame:
            assert number == max((i for i, time in enumerate(times) if time < cue.end), default=0)


@given(cues(), TIMES, st.data())
def test_who_wants_no_spoilers_reads_nothing_of_what_follows(
    cues: list[Cue], times: tuple[float, ...], data: st.DataObject
) -> None:
    cues.sort(key=lambda cue: cue.end)
    rows = tuple(map(tuple, cues_by_frame(cues, times)))
    section = EncodedSection("", times, (torch.empty(len(times), 1),), rows, {})
    second = data.draw(st.floats(times[0], times[-1] + 10, exclude_min=True))
    before = section.until(second)
    assert before.times == tuple(time for time in times if time < second)
    assert sum(map(len, before.parts)) == len(before.cues) == len(before.times)
    read = list(chain.from_iterable(before.cues))
    assert read == [cue for cue in cues if cue.end <= second]


@given(cues(), st.floats(-400, 400).map(lambda seconds: round(seconds, 3)))
def test_shifted_cues_are_lost_only_where_the_film_has_not_begun(cues: list[Cue], seconds: float) -> None:
    cues = [Cue(cue.start, round(cue.end + 0.001, 3), cue.text) for cue in sorted(cues, key=lambda cue: cue.start)]
    moved = shifted(SubtitleTrack(tuple(cues), "", None, None, ()), seconds).cues
    assert [cue.text for cue in moved] == [cue.text for cue in cues if round(cue.end + seconds, 3) > 0]
    assert all(0 <= cue.start <= cue.end for cue in moved)
    assert all(one.start <= other.start for one, other in pairwise(moved))
