"""Questions of every family about the bundled films, and their answers, which stand beside this file."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from llamavid_demo.film import load_movie
from llamavid_demo.film.sections import cut_sections
from llamavid_demo.questions import FAMILIES, ask
from llamavid_demo.storybook.world import ITEMS, NAMES, Script
from tests.questions.truth import AmbiguousError, Meaning, truth, understood
from tests.storybook.conftest import BUNDLED, MOVIES, bundled_script, chance

ANSWERS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("bundled_answers.json").read_text())
ASKED = [(slug, question) for slug in BUNDLED for question in ANSWERS[slug]]
TRIES = 600


@cache
def first_section(slug: str) -> Script:
    """The part of a film that the model sees when the film is opened."""
    script = bundled_script(slug)
    end = cut_sections(script.duration)[0].end
    return Script(script.title, tuple(s for s, t in zip(script.shots, script.starts, strict=True) if t < end))


@cache
def made(slug: str, family: str) -> dict[tuple[str, object], set[str]]:
    """What the makers of a family answer to each question, whatever its phrasing."""
    answers: dict[tuple[str, object], set[str]] = {}
    for seed in range(TRIES):
        if question := ask(family, first_section(slug), chance(seed)):
            answers.setdefault(_what(understood(question.text)), set()).add(question.answer)
    return answers


def _what(meant: Meaning) -> tuple[str, object]:
    return meant.group, meant.slots


def family_of(question: str, answer: str) -> str:
    """The family that a suggested question is of: `absent` has the phrasings of others and its own answers."""
    if answer.startswith(("I don't see", "Nobody speaks of", "There is no")) or "does not speak" in answer:
        return "absent"
    group = understood(question).group.lower()
    return group if group in FAMILIES else group.rsplit("_", 1)[0]


@pytest.mark.parametrize(("slug", "question"), ASKED)
def test_a_question_has_the_one_true_answer(slug: str, question: str) -> None:
    answer, meant = ANSWERS[slug][question], understood(question)
    assert truth(first_section(slug), meant) == answer
    assert made(slug, family_of(question, answer))[_what(meant)] == {answer}


def test_later_sections_have_questions_of_their_own() -> None:
    film, script = load_movie(MOVIES / "a-year-of-letters"), bundled_script("a-year-of-letters")
    later = film.sections[1]
    shown = zip(script.shots, script.starts, strict=True)
    seen = Script(script.title, tuple(shot for shot, start in shown if start + shot.seconds > later.start))
    assert {question: truth(seen, understood(question)) for question in later.questions} == {
        "What colour is the cat?": "The cat is orange.",
        "Is there a rabbit in the film?": "Yes, there is a rabbit.",
    }
    quarters = load_movie(MOVIES / "a-year-of-letters", section_minutes=15).sections
    assert [bool(section.questions) for section in quarters] == [False, True, True]
    assert all(section.synopsis for section in quarters)


@pytest.mark.parametrize(("slug", "question"), ASKED)
def test_a_question_is_put_as_a_person_writes_it(slug: str, question: str) -> None:
    meant = understood(question)
    assert meant.form.format(**dict(meant.slots)) == question


def test_questions_are_of_nearly_every_family() -> None:
    families = {family_of(question, ANSWERS[slug][question]) for slug, question in ASKED}
    assert families == set(FAMILIES) - {"outside", "follow_up"}
    assert all(len({family_of(q, a) for q, a in ANSWERS[slug].items()}) >= 6 for slug in BUNDLED)


def test_who_is_met_is_seen_too() -> None:
    for slug, question in ASKED:
        if understood(question).group == "WHO":
            shots = [shot for shot in first_section(slug).shots if shot.place == understood(question)["place"]]
            speakers = {line.speaker for shot in shots for line in shot.lines}
            assert speakers == {actor.name for shot in shots for actor in shot.actors if actor.name}


@pytest.mark.parametrize("slug", BUNDLED)
def test_lines_of_a_bundled_film_have_the_item_that_they_speak_of(slug: str) -> None:
    for shot in bundled_script(slug).shots:
        for line in shot.lines:
            spoken_of = [word for word in re.findall(r"[a-z]+", line.text.lower()) if word in ITEMS]
            assert spoken_of[:1] == ([line.item] if line.item else [])
            assert line.speaker in ("", *NAMES)


@pytest.mark.parametrize("slug", BUNDLED)
def test_whatever_is_asked_of_a_bundled_film_is_true_of_it(slug: str) -> None:
    for script in (bundled_script(slug), first_section(slug)):
        for seed, family in enumerate(FAMILIES * 5):
            if question := ask(family, script, chance(seed)):
                earlier = understood(question.earlier.text) if question.earlier else None
                assert truth(script, understood(question.text), earlier) == question.answer


def test_an_ambiguous_question_would_be_found() -> None:
    with pytest.raises(AmbiguousError):
        truth(first_section("the-lost-map"), understood("Who speaks of the map?"))
