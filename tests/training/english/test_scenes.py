"""Lessons of written scenes: times and summaries in lines of the film, and nothing told that was taken out."""

import random

import pytest

from llamavid_demo.film import Cue
from llamavid_demo.questions.written import WrittenQuestion, WrittenScene, written_scenes
from llamavid_demo.training.english.film import SUMMARY, TIME, Turn, with_quotes
from llamavid_demo.training.english.scenes import UNTOLD, scene_film, without_lines


@pytest.fixture(scope="module")
def scenes() -> list[WrittenScene]:
    return written_scenes()[::40]


def turns_of(scene: WrittenScene, seed: int) -> list[Turn]:
    return [turn for talk in with_quotes(scene_film(scene, random.Random(seed))).talks for turn in talk]


def test_times_and_summaries_are_told_in_the_films_lines(scenes: list[WrittenScene]) -> None:
    turns = [turn for scene in scenes for turn in turns_of(scene, 1)]
    times, wholes = ([turn for turn in turns if turn.kind == kind] for kind in (TIME, SUMMARY))
    assert times and all(turn.answer.startswith("Heard at ") for turn in times)
    assert wholes and all(turn.answer.startswith("Key lines:\n0:") for turn in wholes)
    assert all(2 <= turn.answer.count("\n") <= 3 for turn in wholes)


def test_when_something_is_mentioned_is_when_it_is_said_first() -> None:
    cues = (Cue(1, 2, "Ada: It snows."), Cue(61, 63, "Ben: The Red Door!"), Cue(70, 72, "Ada: That's the red door."))
    question = WrittenQuestion("what is it?", "A door.", "what", (2,), "door", short="the red door")
    scene = WrittenScene("", "", "", cues, (question,) * 40)
    mentioned = [turn for turn in turns_of(scene, 0) if turn.question != question.text and turn.kind == TIME]
    assert mentioned and all("the red door" in turn.question for turn in mentioned)
    assert {turn.answer for turn in mentioned} == {'Heard at 1:01: "The Red Door!" – Ben'}


def test_what_lines_told_is_told_no_longer_where_they_are_taken_out(scenes: list[WrittenScene]) -> None:
    shortened = 0
    for scene in scenes:
        less = without_lines(scene, random.Random(3))
        if less is scene:
            continue
        shortened += 1
        (untold,) = [question for question in less.questions if question.answer == UNTOLD]
        told = next(question for question in scene.questions if question.text == untold.text)
        assert told.answerable and not untold.answerable
        assert not any(told.right(cue.text) for cue in less.cues)
        by_text = {question.text: question for question in scene.questions}
        for question in less.questions:
            if question is not untold:
                before = by_text[question.text]
                assert [less.cues[line] for line in question.lines] == [scene.cues[line] for line in before.lines]
            if question.after is not None:
                earlier = by_text[question.text].after
                assert earlier is not None
                assert less.questions[question.after].text == scene.questions[earlier].text
    assert shortened > len(scenes) / 2
