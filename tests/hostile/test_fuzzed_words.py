"""What people and browsers send as text, thousands of times damaged: an answer or a sentence, nothing else."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from llamavid_demo.chat import Evidence, Turn
from llamavid_demo.errors import SubtitleError
from llamavid_demo.film import Cue
from llamavid_demo.film.srt import from_srt
from llamavid_demo.film.subtitles import read_bytes
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import Arrival, kept_talk, revived
from tests.hostile.case import chance
from tests.hostile.cues import GOOD, damaged

TIMES = 150  # of each
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1 << 70,
    1e308,
    math.inf,
    math.nan,
    "",
    "\0",
    "\ud800",
    "../..",
    "<script>",
    "9" * 5000,
    [],
    {},
    [[]],
    {"": 0},
    [None] * 200,
    "javascript:alert(1)",
    "file:///etc/passwd",
    -0.0,
    "NaN",
)


@pytest.mark.parametrize("suffix", GOOD)
def test_damaged_cues_are_read_or_refused(suffix: str) -> None:
    for number in range(TIMES):
        data = damaged(GOOD[suffix], f"fuzz {suffix} {number}")
        try:
            cues, _, _ = read_bytes(data, name="film", fps=25.0)
        except SubtitleError as error:
            assert "Traceback" not in str(error)
        else:
            assert all(0 <= cue.start <= cue.end < math.inf and cue.text for cue in cues), data


def test_damaged_cues_of_the_editor_are_read_or_refused() -> None:
    for number in range(TIMES):
        text = damaged(GOOD["srt"], f"editor {number}").decode("utf-8", "surrogateescape")
        try:
            assert from_srt(text)
        except SubtitleError as error:
            assert str(error)


def test_addresses_and_what_browsers_kept_are_read_or_dropped() -> None:
    turn = Turn.past("Where?", "Here.")
    turn.finished, turn.evidence = "end", [Evidence(3.0, 0.5, Cue(2.0, 4.0, "Here."))]
    talk = kept_talk("tiny", "harbour", 0, Branches.of([turn])).model_dump()
    good = {"film": "harbour", "section": 1, "second": 3.5, "model": "tiny", "talks": [talk]}
    kept = 0
    for number in range(8 * TIMES):
        random = chance(f"arrival {number}")
        sent = json.loads(json.dumps(good))
        place, key = random.choice([*_places(sent)])
        place[key] = random.choice(VALUES)
        text = json.dumps(sent, ensure_ascii=random.random() < 0.5)
        arrival = Arrival.read(text if random.random() < 0.8 else text[: random.randrange(len(text))])
        for one in (turn for talk in arrival.talks for turn in talk.turns):
            kept += 1
            assert all(math.isfinite(time) for e in revived(one).evidence for time in _times(e))
    assert kept > 50  # many were spoiled where it does not matter


def _places(sent: Any) -> Iterator[tuple[Any, Any]]:
    """Every value in what was sent, as what holds it and its key there."""
    for key in sent if isinstance(sent, dict) else range(len(sent)):
        yield sent, key
        if isinstance(sent[key], dict | list):
            yield from _places(sent[key])


def _times(evidence: Evidence) -> list[float]:
    return [evidence.seconds, *((evidence.cue.start, evidence.cue.end) if evidence.cue else ())]
