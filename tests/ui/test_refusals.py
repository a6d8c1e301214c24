"""Whether a refusal is known as one: measured on the true answers to all questions about the written scenes."""

import pytest

from llamavid_demo.questions.ordinary import phrasings
from llamavid_demo.questions.words import ABSENT, REFUSAL
from llamavid_demo.questions.written import written_scenes
from llamavid_demo.ui.refusals import says_nothing_was_found


def test_written_refusals_are_known_and_answers_hardly_ever_taken_for_one() -> None:
    asked = [question for scene in written_scenes() for question in scene.questions]
    told = [says_nothing_was_found(question.answer) for question in asked if question.answerable]
    untold = [says_nothing_was_found(question.answer) for question in asked if not question.answerable]
    assert len(told) > 1000 and len(untold) > 300
    assert sum(untold) / len(untold) > 0.97
    assert sum(told) / len(told) < 0.01


@pytest.mark.parametrize("words", [REFUSAL, ABSENT.format(a="a", thing="dog"), *phrasings()["NO_THING"]["answers"]])
def test_refusals_of_the_drawn_world_are_known(words: str) -> None:
    assert says_nothing_was_found(words.format(a="a", thing="dog"))


@pytest.mark.parametrize(
    "words", ["The cat is orange.", "", "Because nobody told her.", "At 1:12. The rest isn't said."]
)
def test_answers_are_no_refusals(words: str) -> None:
    assert not says_nothing_was_found(words)
