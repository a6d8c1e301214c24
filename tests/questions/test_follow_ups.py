import re

import pytest

from llamavid_demo.questions import FAMILIES, Question, ask, follow_up
from llamavid_demo.storybook.world import Script
from tests.questions.conftest import FILM, asked
from tests.questions.truth import truth, understood
from tests.storybook.conftest import chance, films

SETTLED = ("colour", "where", "action", "existence", "place", "time", "weather", "contents", "says", "said", "about")


def followed(family: str, pattern: str = "", script: Script = FILM) -> set[str]:
    """Answers of what follows questions of a family whose own answers match `pattern`."""
    first = [question for question in asked(family, script) if re.search(pattern, question.answer)]
    made = [follow_up(question, script, chance(seed)) for seed, question in enumerate(first)]
    return {question.answer for question in made if question}


@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in SETTLED])
def test_nothing_follows_what_does_not_settle_what_it_is(family: str) -> None:
    assert followed(family) == set()


def test_nothing_follows_a_thing_that_is_not_there() -> None:
    assert followed("existence", "^No") == set()


def test_a_thing_is_asked_for_what_it_has_one_of() -> None:
    assert followed("where", "cat") == {"The cat is red."}
    assert followed("colour", "cat") == {"The cat is at the beach."}
    assert followed("existence", "owl") == {"The owl is white.", "The owl is at the beach.", "The owl is sleeping."}
    assert followed("action", "lantern") == set()


def test_a_scene_is_asked_for_the_rest_of_it() -> None:
    assert followed("place", "second") == {
        "The second scene is at night.", "The second scene is foggy.", "After the cave comes the beach.",
    }  # fmt: skip
    assert followed("place", "ends") == {"The last scene is in the evening.", "The last scene is snowy."}
    assert followed("place", "begins") == {
        "The first scene is in the morning.", "The first scene is clear.", "After the beach comes the cave.",
    }  # fmt: skip
    assert followed("time", "last") == {"The last scene is snowy."}
    assert followed("weather", "cave") == {"The cave scene is at night."}


def test_words_are_asked_for_their_speaker() -> None:
    assert followed("says", "key") == {"Mia says that."}
    assert followed("said", "Hugo says") == set()  # two people
    assert followed("said", "nobody") == set()


def test_an_item_is_asked_for_what_is_said_about_it() -> None:
    assert followed("about", "key") == {"About the key Mia says: Please give me the key."}


def test_a_follow_up_remembers_what_it_follows_and_is_guided_by_it() -> None:
    for script, rng in films(100):
        question = ask("follow_up", script, rng)
        if question:
            assert question.earlier.family in SETTLED
            assert question.guide == question.earlier.text
            assert follow_up(question, script, rng) is None


def test_a_follow_up_names_nothing_itself() -> None:
    slots = [understood(question.text).slots for question in asked("follow_up", FILM)]
    assert not any(slots)


def test_follow_ups_after_any_question_are_true() -> None:
    for script, rng in films(150):
        for family in SETTLED:
            earlier = ask(family, script, rng)
            further: Question | None = follow_up(earlier, script, rng) if earlier else None
            if earlier and further:
                assert further.answer == truth(script, understood(further.text), understood(earlier.text))
