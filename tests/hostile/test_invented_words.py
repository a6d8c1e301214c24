"""Words that hypothesis invents, where people and browsers send text: an answer or a sentence, nothing else."""

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from llamavid_demo.errors import QuestionError, SubtitleError
from llamavid_demo.film.srt import from_srt
from llamavid_demo.film.subtitles import read_bytes
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from llamavid_demo.ui import openai_request, steering, wiring
from llamavid_demo.ui.kept import MOST_TALKS, MOST_TURNS, Arrival
from llamavid_demo.ui.pressing import Press
from tests.hostile.cues import GOOD

SETTINGS = Settings()
# Words that the formats know, so that what is invented gets past their first lines.
KNOWN = sorted(
    {word for text in GOOD.values() for word in text.replace("\n", " \n ").split(" ")} | {"\n\n", "{\\p1}", "\0"}
)
WORDS = st.lists(st.one_of(st.sampled_from(KNOWN), st.text(max_size=8)), max_size=40).map(" ".join)
TIMES = st.from_regex(r"-?\d{1,30}:\d{1,4}:\d{1,4}[,.:]?\d{0,30}( -->|,| )", fullmatch=True)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=9), inner, max_size=5)),
    max_leaves=12,
)
PLACES = st.sampled_from([*Arrival.model_fields, "turns", "branches", "open"])


@st.composite
def subtitles(draw: st.DrawFn) -> bytes:
    """A good file of some format with pieces of it put elsewhere, and words and times invented in between."""
    text = draw(st.sampled_from(sorted(GOOD.values())))
    for _ in range(draw(st.integers(0, 4))):
        at, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        text = text[:at] + draw(st.one_of(WORDS, TIMES)) + text[draw(st.sampled_from([at, end])) :]
    return text.encode(draw(st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-7"])), "replace")


@given(st.one_of(subtitles(), st.binary(max_size=200)), st.sampled_from([0.0, 25.0]))
def test_subtitles_are_read_or_refused(data: bytes, fps: float) -> None:
    try:
        cues, _, _ = read_bytes(data, name="film", fps=fps)
    except SubtitleError as error:
        assert "\n" not in str(error) and "Traceback" not in str(error)
    else:
        assert all(0 <= cue.start <= cue.end < math.inf and cue.text for cue in cues)


@given(subtitles().map(lambda data: data.decode("latin-1")))
def test_cues_of_the_editor_are_read_or_refused(text: str) -> None:
    try:
        assert all(0 <= cue.start <= cue.end < math.inf for cue in from_srt(text))
    except SubtitleError as error:
        assert str(error)


@given(st.one_of(st.text(), VALUES.map(json.dumps), st.dictionaries(PLACES, VALUES).map(json.dumps)))
@example('{"talks": ' + "[" * 100_000)
@example('{"section": 1e999, "second": 1e999}')
def test_what_a_browser_kept_is_read_or_dropped(sent: str) -> None:
    arrival = Arrival.read(sent)
    assert len(arrival.talks) <= MOST_TALKS and all(len(talk.turns) <= MOST_TURNS for talk in arrival.talks)
    assert arrival.second is None or 0 <= arrival.second < math.inf


@given(st.one_of(st.text(), VALUES, st.lists(VALUES, min_size=2, max_size=6).map(json.dumps)))
@example(json.dumps([json.dumps(["both", "any", True, "", 0, 1, 9, 1]), math.inf]))
@example(json.dumps([json.dumps(["both", "any", True, "", 0, 1, 9, 1]), -1e308]))
@example('["' + "[" * 990 + '", 0]')
def test_settings_and_presses_are_read_or_refused(sent: Any) -> None:
    try:
        chosen = steering.options(sent, SETTINGS)
    except QuestionError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(chosen, Options) and (chosen.until is None or 0 <= chosen.until < math.inf)
    assert isinstance(steering.kept(sent, SETTINGS), dict)
    assert isinstance(Press.read(sent).number, int)


@given(st.tuples(*[VALUES] * len(steering.NAMES)), VALUES)
def test_each_setting_may_be_anything(values: tuple[Any, ...], second: Any) -> None:
    test_settings_and_presses_are_read_or_refused.hypothesis.inner_test(json.dumps([json.dumps(values), second]))  # type: ignore[attr-defined]


@given(st.one_of(VALUES, st.from_regex(r"\s*[+-]?\d+\s*"), st.integers().map(str)))
@example("٣")
@example("9" * 5000)
def test_numbers_of_sections_are_numbers(sent: Any) -> None:
    assert 0 <= wiring._number(sent) < 1_000_000
    assert isinstance(openai_request._number(str(sent)), int | float | str)
