"""The drawn world in ordinary words: every answer has the facts of the true one, and others are told from it."""

import random

import pytest

from llamavid_demo.questions import FAMILIES, ask
from llamavid_demo.questions.ordinary import in_ordinary_words, phrasings, reworded, same_facts
from llamavid_demo.questions.phrasings import kind_of
from llamavid_demo.questions.phrasings import phrasings as own
from llamavid_demo.storybook.random_film import FilmKind, random_script

KIND = FilmKind(duration=(60, 180), cues=20)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_asked_and_answered(family: str) -> None:
    for seed in range(40):
        rng = random.Random(seed)
        question = ask(family, random_script(rng, KIND), rng)
        if question:
            text, answer = reworded(question, rng)
            assert "{" not in text + answer and text.strip()
            assert same_facts(question, answer), (text, answer, question.answer)
            assert same_facts(question, question.answer)


@pytest.mark.parametrize("family", ["place", "time", "weather", "colour", "where", "action", "contents", "count"])
def test_another_films_answer_is_wrong(family: str) -> None:
    wrong = right = 0
    for seed in range(60):
        rng = random.Random(seed)
        question, other = (ask(family, random_script(rng, KIND), rng) for _ in range(2))
        if question and other and question.parts[-1].text != other.parts[-1].text:
            said = other.parts[-1].text
            right += same_facts(question, said)
            wrong += 1
    assert wrong > 20 and right <= wrong * 0.1  # "in the forest" may be asked about


def test_a_colour_too_many_is_wrong() -> None:
    rng = random.Random(1)
    question = next(q for seed in range(50) if (q := ask("colour", random_script(random.Random(seed), KIND), rng)))
    colour = question.parts[-1].text.rstrip(".")
    other = "red" if colour != "red" else "blue"
    assert same_facts(question, f"It is {colour}.") and not same_facts(question, f"It is {colour} and {other}.")


def test_there_are_forty_phrasings_and_eight_answers() -> None:
    for kind, both in phrasings().items():
        assert len(both["questions"]) >= 40 or not both["questions"], kind
        assert len(both["answers"]) >= 8 or kind == "EXISTENCE", kind


def test_phrasings_of_one_kind_know_their_name() -> None:
    from llamavid_demo.questions import phrasings as groups

    assert kind_of(groups.COLOUR) == "COLOUR" and len(own()) > 200


def test_a_conversation_is_reworded_whole() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        question = ask("follow_up", random_script(rng, KIND), rng)
        if question and question.earlier:
            asked = in_ordinary_words(question, rng)
            assert asked.earlier and asked.earlier.answer and asked.answer == question.answer
