"""What a browser keeps comes back as it was; what it cannot have kept is dropped."""

import json

from llamavid_demo.chat import Evidence, Turn, TurnStats
from llamavid_demo.film import Cue
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import MOST_TURNS, Arrival, kept_talk, revived

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


def test_branches_come_back_and_those_that_name_no_turns_are_dropped() -> None:
    first, second, third = (answered(text, "end") for text in ("A", "B", "C"))
    talk = kept_talk("tiny", "harbour", 0, Branches(((first, second), (first, third)), 1)).model_dump()
    assert (talk["branches"], talk["open"], len(talk["turns"])) == (((0, 1), (0, 2)), 1, 3)
    (back,) = Arrival.read(json.dumps({"talks": [talk]})).talks
    assert [turn.text for turn in back.branched.turns] == ["A", "C"]
    assert [turn.text for turn in back.branched.at(1)] == ["B", "C"]
    for bad in (
        {"branches": [[0, 3]]},
        {"branches": [[1, 0]]},
        {"branches": [[0, 0]]},
        {"open": 2},
        {"branches": [[-1]]},
    ):
        assert Arrival.read(json.dumps({"talks": [{**talk, **bad}]})).talks == ()


def test_of_a_long_conversation_the_open_branch_is_kept_first() -> None:
    long, other = [answered(str(n), "end") for n in range(MOST_TURNS + 5)], answered("other", "end")
    talk = kept_talk("tiny", "harbour", 0, Branches(((other,), tuple(long)), 1))
    assert [turn.text for turn in talk.branched.turns] == [turn.text for turn in long[5:]]
    assert talk.branches == ()


def test_a_cue_without_a_time_is_dropped_with_its_conversation() -> None:
    talk = kept_talk("tiny", "harbour", 0, Branches.of([answered("At sea.", "end")])).model_dump()
    for time in ("NaN", "Infinity", "-1"):
        sent = json.dumps({"talks": [talk]}).replace('"start": 2.0', f'"start": {time}')
        assert time in sent and Arrival.read(sent).talks == ()


def test_what_two_tabs_kept_of_a_conversation_is_one_with_branches() -> None:
    first, second, third, fourth = (answered(text, "end") for text in "ABCD")

    def kept(*paths: tuple[Turn, ...]) -> dict:
        return kept_talk("tiny", "harbour", 0, Branches(paths)).model_dump()

    def back(*talks: dict) -> Branches:
        (talk,) = Arrival.read(json.dumps({"talks": talks})).talks
        return talk.branched.map(lambda turn: turn.text)

    assert back(kept((first, second)), kept((first, third))).paths == (("A", "B"), ("A", "C"))
    assert back(kept((first, second)), kept((first, third))).turns == ("A", "B")
    assert back(kept((first,)), kept((first, second, third))) == Branches((("A", "B", "C"),))
    assert back(kept((first, second, third)), kept((first,))) == Branches((("A", "B", "C"),))
    assert back(kept((first, second)), kept((first, second))) == Branches((("A", "B"),))
    assert back(kept((first,)), kept((second,)), kept((first, third), (first, fourth))).paths == (
        ("B",), ("A", "C"), ("A", "D"),
    )  # fmt: skip
    other = {**kept((second,)), "section": 1}
    assert [talk.section for talk in Arrival.read(json.dumps({"talks": [kept((first,)), other]})).talks] == [0, 1]
