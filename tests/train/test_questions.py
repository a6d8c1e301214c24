import random

import pytest

from llamavid_demo.train.questions import (
    FAMILIES,
    NUMBERS,
    ORDINALS,
    WEATHER_WORDS,
    Question,
    article,
    ask,
    colours_of,
    normalise,
    phrasings,
)
from llamavid_demo.train.world import COLOURS, PLACES, THINGS, TIMES, Script, random_script


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a film by chance, not a secret


def films(count: int):
    for seed in range(count):
        rng = chance(seed)
        yield random_script(rng, shots=rng.randint(1, 8), seconds=(3, 8)), rng


def named(words, text: str) -> list[str]:
    return [word for word in normalise(text).split() if word in words]


def shot_meant(script: Script, question: Question) -> int:
    """Which scene a question asks about, read from its words alone."""
    words = normalise(question.text).split()
    if place := named(PLACES, question.text):
        return [shot.place for shot in script.shots].index(place[0])
    for i, word in enumerate(ORDINALS):
        if word in words:
            return i
    at_the_end = {"last", "end", "ends", "stop"} & set(words)
    return len(script.shots) - 1 if at_the_end else 0


@pytest.mark.parametrize("family", ["place", "time", "weather"])
def test_answers_about_a_scene_are_true_of_it(family):
    for script, rng in films(300):
        question = ask(family, script, rng)
        shot = script.shots[shot_meant(script, question)]
        if family == "place":
            assert named(PLACES, question.answer) == [shot.place]
        elif family == "time":
            assert named(TIMES, question.answer) == [shot.time]
        else:
            assert WEATHER_WORDS[shot.weather] in normalise(question.answer).split()


def test_colours_are_those_of_the_thing_and_never_ambiguous():
    for script, rng in films(300):
        question = ask("colour", script, rng)
        (thing,) = named(THINGS, question.text)
        assert colours_of(script)[thing] == set(named(COLOURS, question.answer))


def test_existence_is_true_and_both_answers_are_common():
    said = []
    for script, rng in films(300):
        question = ask("existence", script, rng)
        (thing,) = named(THINGS, question.text)
        yes = question.answer.startswith("Yes")
        assert yes == (thing in colours_of(script))
        assert f"{article(thing)} {thing}" in normalise(question.text)
        said.append(yes)
    assert 100 < sum(said) < 200


def test_count_and_order_are_true():
    for script, rng in films(300):
        assert NUMBERS[len(script.shots) - 1] in normalise(ask("count", script, rng).answer)
        question = ask("order", script, rng)
        if question:
            before, after = named(PLACES, question.answer)
            places = [shot.place for shot in script.shots]
            assert places[places.index(before) + 1] == after


def test_an_answer_does_not_depend_on_the_phrasing():
    script, _ = next(films(1))
    answers = {}
    for seed in range(400):
        question = ask("colour", script, chance(seed))
        answers.setdefault(tuple(named(THINGS, question.text)), set()).add(question.answer)
    assert all(len(said) == 1 for said in answers.values())


def test_people_type_carelessly():
    script, rng = next(films(1))
    texts = [ask("place", script, rng).text for _ in range(300)]
    assert any(not text.endswith("?") for text in texts)
    assert any(text == text.lower() for text in texts)
    assert any(text == text.upper() for text in texts)


def test_every_family_is_asked_in_six_ways_at_least():
    script = random_script(chance(3), shots=5)
    for family in FAMILIES:
        texts = {ask(family, script, chance(seed)).text.lower().rstrip("?.") for seed in range(400)}
        assert len(texts) >= 6
    assert len(list(phrasings())) == len(set(phrasings()))
