"""What a browser keeps comes back as it was; what it cannot have kept is dropped."""

import json

from llamavid_demo.chat import Evidence, Turn, TurnStats
from llamavid_demo.film import Cue
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import Arrival, kept_talk, revived

STATS = TurnStats(
    frames=2, prompt_tokens=9, section_tokens=4, reused_tokens=4, new_tokens=3, ttft_s=0.1, tokens_per_s=20.0,
    memory_bytes=1000,
)  # fmt: skip


def answered(text: str, finished: str | None) -> Turn:
    turn = Turn.past("Where?", text)
    turn.finished, turn.stats = finished, STATS
    turn.evidence = [Evidence(3.0, 0.5, Cue(2.0, 4.0, "Here.")), Evidence(9.0, 0.2, None)]
    return turn


def test_a_turn_comes_back_with_what_it_leaned_on_and_cost() -> None:
    turn = answered("At sea.", "length")
    sent = json.dumps({"film": "harbour", "talks": [kept_talk("tiny", "harbour", 1, Branches.of([turn])).model_dump()]})
    (talk,) = Arrival.read(sent).talks
    again = revived(talk.turns[0])
    assert (talk.model, talk.film, talk.section) == ("tiny", "harbour", 1)
    assert (again.text, again.finished) == (turn.text, turn.finished)
    assert (again.evidence, again.stats) == (turn.evidence, turn.stats)


def test_a_turn_that_was_stopped_before_its_first_word_was_never_asked() -> None:
    turns = [answered("At sea.", "end"), answered("", "stopped"), answered("", None), answered("By", None)]
    assert [turn.text for turn in kept_talk("tiny", "harbour", 0, Branches.of(turns)).turns] == ["At sea.", "By"]


def test_what_cannot_be_read_is_dropped_and_the_rest_is_kept() -> None:
    good = kept_talk("tiny", "harbour", 0, Branches.of([answered("At sea.", "end")])).model_dump()
    bad = {**good, "turns": [{"question": "Where?", "text": 3}]}
    arrival = Arrival.read(json.dumps({"film": "harbour", "second": 5, "talks": [bad, good, "no talk"]}))
    assert (arrival.film, arrival.second, len(arrival.talks)) == ("harbour", 5, 1)
    for sent in ("", "[]", '{"second": -1}', '{"second": NaN}', json.dumps({"section": "x"})):
        assert Arrival.read(sent) == Arrival()
