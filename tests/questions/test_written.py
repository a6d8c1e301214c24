"""Written scenes are whole: cues in order, answers that their own patterns accept, and questions that have none."""

import re
from itertools import pairwise

import pytest

from llamavid_demo.questions.written import (
    WrittenQuestion,
    WrittenScene,
    asked_before,
    held_out,
    one_film,
    small_talk,
    written_scenes,
)

SCENES = written_scenes()


def test_there_are_scenes_of_many_genres() -> None:
    assert len({scene.genre for scene in SCENES}) >= 10
    assert len({(scene.genre, scene.name) for scene in SCENES}) == len(SCENES) >= 100


def without_tags(text: str) -> str:
    """A cue's text without italics and the like."""
    return re.sub(r"<[^>]+>", "", text)


@pytest.mark.parametrize("genre", sorted({scene.genre for scene in SCENES}))
def test_scenes_are_whole(genre: str) -> None:
    for scene in SCENES:
        if scene.genre == genre:
            check(scene)


def check(scene: WrittenScene) -> None:
    """Cues in order, questions with an answer that is right, some without one."""
    starts = [cue.start for cue in scene.cues]
    assert 10 <= len(scene.cues) <= 60 and starts == sorted(starts)
    assert all(cue.start < cue.end and cue.text.strip() for cue in scene.cues)
    assert 12 <= len(scene.questions) <= 20
    for number, question in enumerate(scene.questions):
        assert question.right(question.answer), question
        assert all(0 <= line < len(scene.cues) for line in question.lines)
        assert question.answerable == (question.kind != "unanswerable")
        assert question.after is None or question.after < number
        said = " ".join(" ".join(scene.cues[line].text for line in question.lines).lower().split())
        assert not question.short or " ".join(question.short.lower().split()) in without_tags(said), question
    assert 3 <= sum(not question.answerable for question in scene.questions) <= 5


def test_an_answer_is_right_by_its_patterns() -> None:
    question = WrittenQuestion("who?", "Mara does.", "who", (1,), "mara", reject="tom")
    assert question.right("It is Mara.") and not question.right("Tom, not Mara.") and not question.right("Nobody.")


def test_small_talk_has_many_kinds_and_no_empty_answer() -> None:
    said = small_talk()
    assert len({line.kind for line in said}) >= 8 and len({line.text for line in said}) == len(said) >= 100
    assert all(line.text.strip() and line.answer.strip() for line in said)


def test_scenes_become_one_film_with_the_questions_that_mean_the_same_there() -> None:
    scenes = [scene for scene in SCENES if held_out(scene.name)][:5]
    film = one_film(scenes)
    assert [cue.text for cue in film.cues] == [cue.text for scene in scenes for cue in scene.cues]
    assert all(one.start < other.start for one, other in pairwise(film.cues))
    assert not {question.kind for question in film.questions} & {"summary", "time"}
    before = {question.text: (scene, question) for scene in scenes for question in scene.questions}
    assert len(before) * 0.7 < len(film.questions) < len(before)
    for question in film.questions:
        scene, alone = before[question.text]
        assert [film.cues[line].text for line in question.lines] == [scene.cues[line].text for line in alone.lines]
        assert asked_before(film.questions, question) == asked_before(scene.questions, alone)
