"""Newcomers' questions: each about a bundled film, with a good answer that its own patterns accept."""

import pytest

from llamavid_demo.evaluation.newcomers import NewcomersQuestion, newcomers_questions
from llamavid_demo.questions.written import asked_before
from llamavid_demo.settings import Settings

ASKED = newcomers_questions()


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.text)
def test_a_good_answer_is_right(question: NewcomersQuestion) -> None:
    assert question.right(question.answer)
    assert (Settings().movies / question.film / "movie.mp4").is_file()
    assert question.after is None or ASKED[question.after].film == question.film


def test_there_are_sixty_and_some_follow_up() -> None:
    assert len(ASKED) == 60
    number = next(i for i, question in enumerate(ASKED) if question.after is not None)
    first, *_ = asked_before(ASKED, ASKED[number])
    assert first[0] in {question.text for question in ASKED[:number]}
