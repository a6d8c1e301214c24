"""Scores of written scenes: what counts as right, as refused, as alike."""

import pytest

from llamavid_demo.evaluation.scenes import REFUSED, SceneAnswer, answer_scene, scene_scores
from llamavid_demo.evaluation.squad import squad_words, token_f1
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.questions.written import WrittenQuestion, WrittenScene, written_scenes

WHO = WrittenQuestion("who?", "Mara does.", "who", (0,), "mara")
NONE = WrittenQuestion("how old is Mara?", "That isn't said.", "unanswerable", (), r"n't\s+said")
SCENE = WrittenScene("door", "thriller", "The Door", (Cue(1, 2, "MARA: Who is there?"),), (WHO, NONE))


def test_token_f1_is_squads() -> None:
    assert token_f1("The green door.", "a green door") == 1.0
    assert token_f1("green", "the green door") == pytest.approx(2 / 3)
    assert token_f1("red", "green") == 0.0 and squad_words("It's THE end!") == ["its", "end"]


@pytest.mark.parametrize(
    "text", ["That isn't said.", "Nobody mentions her age.", "The film doesn't tell.", "It is never explained."]
)
def test_refusals_are_known(text: str) -> None:
    assert REFUSED.search(text)


@pytest.mark.parametrize("text", ["She is not there.", "No, he didn't take it.", "Nobody.", "He never came back."])
def test_answers_with_a_no_are_no_refusals(text: str) -> None:
    assert not REFUSED.search(text)


def test_scores_by_kind() -> None:
    found = scene_scores(
        [SceneAnswer(SCENE, WHO, "Mara does.", True), SceneAnswer(SCENE, WHO, "That isn't said.", False),
         SceneAnswer(SCENE, NONE, "She is nine."), SceneAnswer(SCENE, NONE, "Her age isn't said.")]
    )  # fmt: skip
    assert found["right"]["accuracy"] == 0.5 and found["kinds"]["who"]["n"] == 2
    assert found["answerable_refused"]["accuracy"] == 0.5 and found["unanswerable_refused"]["accuracy"] == 0.5
    assert found["line_shown"]["accuracy"] == 0.5 and found["exact_match"] == 0.5


def test_most_written_refusals_are_known_as_such() -> None:
    told = [question.answer for scene in written_scenes() for question in scene.questions if not question.answerable]
    assert sum(bool(REFUSED.search(answer)) for answer in told) / len(told) > 0.8


def test_a_scene_is_answered_as_a_film(micro: LoadedModel) -> None:
    answers = answer_scene(micro, SCENE)
    assert [answer.question for answer in answers] == [WHO, NONE]
    assert answers[0].shown in (True, False) and answers[1].shown is None
