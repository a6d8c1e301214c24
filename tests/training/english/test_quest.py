"""Drawn stories of something lost: what is asked has an answer in the lines that it is said to rest on."""

import random
import re

import pytest

from llamavid_demo.training.english.quest import TOPICS, quest_film

FILMS = [quest_film(random.Random(seed)) for seed in range(60)]
TURNS = [(film, turn) for film in FILMS for talk in film.talks for turn in talk if turn.kind.startswith("drawn story")]


def test_all_phrases_are_filled_and_all_topics_come() -> None:
    assert all("{" not in turn.question + turn.answer for _, turn in TURNS)
    assert all("{" not in cue.text for film in FILMS for cue in film.cues)
    assert len({turn.question.split()[0].lower() for _, turn in TURNS}) > 8


def test_lines_come_one_after_the_other_and_end_with_the_film() -> None:
    for film in FILMS:
        times = [time for cue in film.cues for time in (cue.start, cue.end)]
        assert times == sorted(times)
        assert times[-1] <= film.seconds
        assert len(film.pictures.frames) == film.seconds  # type: ignore[union-attr]


@pytest.mark.parametrize("asked", [r"^who (took|stole) |^whos got|^who has the \w+$", r"^who lost|^who has lost"])
def test_who_is_named_speaks_or_is_named_in_those_lines(asked: str) -> None:
    found = [(film, turn) for film, turn in TURNS if re.search(asked, turn.question, re.IGNORECASE)]
    assert len(found) > 10
    for film, turn in found:
        said = " ".join(film.cues[line].text for line in turn.lines)
        name = re.search(r"[A-Z][\w-]+", turn.answer.removeprefix("It was "))
        assert name and name[0] in said, (turn, said)


def test_words_that_an_answer_quotes_are_in_its_lines() -> None:
    quoted = [(film, turn, words) for film, turn in TURNS for words in re.findall(r'"(.+)"', turn.answer)]
    assert len(quoted) > 30
    for film, turn, words in quoted:
        assert any(words in film.cues[line].text for line in turn.lines), turn


def test_who_says_why_is_said_to_rest_on_lines() -> None:
    whys = [turn for _, turn in TURNS if turn.question.lower().startswith("why did") and "ecause" in turn.answer]
    assert whys
    assert all(turn.lines for turn in whys)
    assert set(TOPICS["why"]["after"]) == {"who took"}
