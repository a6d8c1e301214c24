"""Whether a refusal is known as one: measured on the true answers to all questions about the written scenes."""

import pytest

from llamavid_demo.questions.ordinary import phrasings
from llamavid_demo.questions.words import ABSENT, REFUSAL
from llamavid_demo.questions.written import small_talk, written_scenes
from llamavid_demo.ui.refusals import is_small_talk, rests_on_nothing


def test_written_refusals_are_known_and_answers_hardly_ever_taken_for_one() -> None:
    asked = [question for scene in written_scenes() for question in scene.questions]
    told = [rests_on_nothing(question.answer) for question in asked if question.answerable]
    untold = [rests_on_nothing(question.answer) for question in asked if not question.answerable]
    assert len(told) > 1000 and len(untold) > 300
    assert sum(untold) / len(untold) > 0.97
    assert sum(told) / len(told) < 0.01


def test_small_talk_is_known() -> None:
    said = [rests_on_nothing(line.answer) for line in small_talk()]
    assert len(said) > 100 and sum(said) / len(said) > 0.6


@pytest.mark.parametrize("words", ["Hi! Ask me anything about the film you have open.", "You're welcome!", "Bye!"])
def test_greetings_rest_on_nothing(words: str) -> None:
    assert rests_on_nothing(words) and is_small_talk(words)


@pytest.mark.parametrize("words", [REFUSAL, ABSENT.format(a="a", thing="dog"), *phrasings()["NO_THING"]["answers"]])
def test_refusals_of_the_drawn_world_are_known(words: str) -> None:
    assert rests_on_nothing(words.format(a="a", thing="dog"))


@pytest.mark.parametrize(
    "words", ["The cat is orange.", "", "Because nobody told her.", "At 1:12. The rest isn't said."]
)
def test_answers_are_no_refusals(words: str) -> None:
    assert not rests_on_nothing(words)
