"""What holds for every family: true answers, one for each question, however it is typed."""

from collections import Counter

import pytest

from llamavid_demo.questions import FAMILIES, Part, normalise, questions
from llamavid_demo.questions.phrasings import phrasings
from llamavid_demo.storybook.world import ACTIONS, COLOURS, NAMES, PLACES, THINGS, TIMES, Script, Shot
from tests.questions.conftest import FILM, asked
from tests.questions.truth import GROUPS, WEATHER, truth, understood
from tests.storybook.conftest import films


def named(words: tuple[str, ...], text: str) -> list[str]:
    return [word for word in words if word.lower() in normalise(text).split()]


def test_every_question_has_the_one_true_answer() -> None:
    told = Counter()
    for script, rng in films(300):
        for question in questions(script, rng):
            earlier = understood(question.earlier.text) if question.earlier else None
            assert question.answer == truth(script, understood(question.text), earlier), question
            told[question.family] += 1
    assert set(told) == set(FAMILIES)
    assert min(told.values()) > 60


@pytest.mark.parametrize("family", FAMILIES)
def test_a_question_has_one_answer_in_all_its_phrasings(family: str) -> None:
    told: dict[object, set[str]] = {}
    forms: dict[object, set[str]] = {}
    for question in asked(family, FILM, 1500):
        meant = understood(question.text)
        what = (meant.group, meant.slots, question.earlier and understood(question.earlier.text))
        told.setdefault(what, set()).add(question.answer)
        forms.setdefault(meant.group, set()).add(meant.form)
    assert forms
    assert all(len(answers) == 1 for answers in told.values())
    assert all(len(ways) >= 6 for ways in forms.values())


@pytest.mark.parametrize("group", GROUPS)
def test_a_kind_of_question_has_six_phrasings_at_least(group: str) -> None:
    assert len(set(GROUPS[group])) >= 6
    assert set(GROUPS[group]) <= set(phrasings())


def test_no_phrasing_means_two_things() -> None:
    filled = {"at": "at", "place": "castle", "a": "an", "thing": "owl", "item": "map", "name": "Mia", "word": "tea"}
    for text in phrasings():
        for nth in ("first", "second", "last"):
            assert understood(text.format(**filled, nth=nth, number="two")).form == text  # raises for two meanings
    assert len(phrasings()) == len(set(phrasings()))


def test_people_type_carelessly() -> None:
    texts = [question.text for question in asked("place", FILM)]
    assert any(text.endswith("?") and text[0].isupper() for text in texts)
    assert any(not text.endswith("?") for text in texts)
    assert any(text == text.lower() for text in texts)
    assert any(text == text.upper() for text in texts)


def test_exact_match_is_of_words() -> None:
    assert normalise("Yes, there is a cat.") == normalise("yes there is  a Cat!")
    assert normalise("I don't see a cat.") != normalise("I see a cat.")


def test_a_film_without_actors_and_words_is_asked_what_it_can_answer() -> None:
    silent = Script("Silence", (Shot("lake", "noon", "clear", (), 3.0),))
    for family in FAMILIES:
        for question in asked(family, silent, 100):
            earlier = understood(question.earlier.text) if question.earlier else None
            assert question.answer == truth(silent, understood(question.text), earlier)


def test_parts_point_at_the_shots_that_show_them() -> None:
    for script, rng in films(100):
        for question in questions(script, rng):
            for part in question.parts:
                if question.family != "absent":
                    shown(script, part)


def shown(script: Script, part: Part) -> None:
    """What a part says is in each of its shots."""
    for shot in (script.shots[i] for i in part.shots):
        assert set(named(PLACES, part.text)) <= {shot.place}
        assert set(named(TIMES, part.text)) <= {shot.time}
        assert set(named(tuple(WEATHER.values()), part.text)) <= {WEATHER[shot.weather]}
        assert set(named(COLOURS, part.text)) <= {actor.colour for actor in shot.actors}
        assert set(named(ACTIONS, part.text)) <= {actor.action for actor in shot.actors}


def test_parts_about_a_thing_point_at_all_its_shots() -> None:
    for script, rng in films(100):
        for question in questions(script, rng):
            if question.family in ("colour", "action", "where", "existence"):
                (thing,) = named(THINGS, question.text)
                showing = [i for i, shot in enumerate(script.shots) if any(a.thing == thing for a in shot.actors)]
                assert sum((part.shots for part in question.parts), ()) == tuple(showing)


def test_parts_point_at_the_lines_that_say_them() -> None:
    for script, rng in films(100):
        lines = [line for shot in script.shots for line in shot.lines]
        for question in questions(script, rng):
            for part in question.parts:
                said = [lines[cue] for cue in part.cues]
                assert part.quoted == (part.text in [line.text for line in said])
                if not part.quoted and said:
                    assert {line.speaker for line in said} == set(named(NAMES, part.text))


def test_what_is_seen_or_heard_is_pointed_at() -> None:
    nowhere = ("No, ", "nobody", "says that.")  # the last repeats the answer before
    for script, rng in films(50):
        for question in questions(script, rng):
            if question.family not in ("absent", "outside") and not any(words in question.answer for words in nowhere):
                assert any(part.shots or part.cues for part in question.parts)
