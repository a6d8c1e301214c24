"""Questions that the pictures answer.

An answer repeats what was asked before it says what was seen, in the same words for every phrasing: a small model
finds the spot while it repeats, and answers can be compared word by word.
"""

import random

from llamavid_demo.questions import phrasings as say
from llamavid_demo.questions.question import Part, Question, asked, colours_of, shots_showing
from llamavid_demo.questions.words import (
    NUMBERS,
    ORDINALS,
    TIME_PHRASES,
    TOO_MANY,
    WEATHER_WORDS,
    article,
    listed,
    only_scene,
    place_phrase,
    preposition,
    with_article,
)
from llamavid_demo.storybook.world import PLACES, THINGS, Scene, Script

MOST_THINGS = 3  # that an answer lists


def nth_scene(script: Script, rng: random.Random) -> tuple[Scene, str]:
    """A scene by chance and the word for it; the last one may be called so."""
    scene = rng.choice(script.scenes[: len(ORDINALS)])
    if rng.random() < 0.15:
        return script.scenes[-1], "last"
    return scene, ORDINALS[scene.number]


def lone_scene(script: Script, rng: random.Random) -> Scene | None:
    """A scene by chance whose place is seen only then."""
    once = [scene for place in PLACES if (scene := only_scene(script, place))]
    return rng.choice(once) if once else None


def place(script: Script, rng: random.Random) -> Question:
    """Place of the first, the last, the n-th scene."""
    kind = rng.random()
    first, last = script.scenes[0], script.scenes[-1]
    if kind < 0.2:
        parts = [Part("The film begins"), Part(f"{place_phrase(first.place)}.", first.shots)]
        return asked("place", say.PLACE_FIRST, rng, parts)
    if kind < 0.4:
        parts = [Part("The film ends"), Part(f"{place_phrase(last.place)}.", last.shots)]
        return asked("place", say.PLACE_LAST, rng, parts)
    scene, nth = nth_scene(script, rng)
    parts = [Part(f"The {nth} scene is"), Part(f"{place_phrase(scene.place)}.", scene.shots)]
    return asked("place", say.PLACE_NTH, rng, parts, nth=nth)


def time(script: Script, rng: random.Random) -> Question | None:
    """Time of day in the first, last, n-th scene, or in a place that is seen once."""
    kind = rng.random()
    if kind < 0.25:
        first = kind < 0.125
        scene = script.scenes[0 if first else -1]
        told = time_phrase_of(script, scene)
        if not told:
            return None
        parts = [Part(f"The {'first' if first else 'last'} scene is"), Part(told, scene.shots)]
        return asked("time", say.TIME_FIRST if first else say.TIME_LAST, rng, parts)
    return _of_scene("time", script, rng, say.TIME_NTH, say.TIME_PLACE)


def weather(script: Script, rng: random.Random) -> Question | None:
    """Weather in the n-th scene or in a place that is seen once."""
    return _of_scene("weather", script, rng, say.WEATHER_NTH, say.WEATHER_PLACE)


def _of_scene(
    family: str, script: Script, rng: random.Random, nth_forms: tuple[str, ...], place_forms: tuple[str, ...]
) -> Question | None:
    lone = lone_scene(script, rng) if rng.random() < 0.5 else None
    scene, nth = (lone, "") if lone else nth_scene(script, rng)
    told = time_phrase_of(script, scene) if family == "time" else weather_phrase_of(script, scene)
    if not told:
        return None
    parts = [Part(f"The {nth or scene.place} scene is"), Part(told, scene.shots)]
    if nth:
        return asked(family, nth_forms, rng, parts, nth=nth)
    return asked(family, place_forms, rng, parts, at=preposition(scene.place), place=scene.place)


def time_phrase_of(script: Script, scene: Scene) -> str | None:
    """Time of day of a scene as an answer ends: `at noon.`; None when it changes during the scene."""
    times = {script.shots[i].time for i in scene.shots}
    return f"{TIME_PHRASES[min(times)]}." if len(times) == 1 else None


def weather_phrase_of(script: Script, scene: Scene) -> str | None:
    """Weather of a scene as an answer ends: `rainy.`; None when it changes during the scene."""
    weathers = {script.shots[i].weather for i in scene.shots}
    return f"{WEATHER_WORDS[min(weathers)]}." if len(weathers) == 1 else None


def colour(script: Script, rng: random.Random) -> Question | None:
    """Colour of a thing that has one colour throughout."""
    plain = [(thing, *colours) for thing, colours in colours_of(script).items() if len(colours) == 1]
    if not plain:
        return None
    thing, colour = rng.choice(plain)
    parts = [Part(f"The {thing} is"), Part(f"{colour}.", shots_showing(script, thing))]
    return asked("colour", say.COLOUR, rng, parts, thing=thing)


def existence(script: Script, rng: random.Random) -> Question:
    """Whether a thing is in the film; as often in it as not."""
    present = sorted(colours_of(script))
    absent = [thing for thing in THINGS if thing not in present]
    yes = bool(present) and (not absent or rng.random() < 0.5)
    thing = rng.choice(present if yes else absent)
    parts = [Part(f"No, there is no {thing}.")]
    if yes:
        parts = [Part("Yes,", shots_showing(script, thing)), Part(f"there is {with_article(thing)}.")]
    return asked("existence", say.EXISTENCE, rng, parts, a=article(thing), thing=thing)


def where(script: Script, rng: random.Random) -> Question | None:
    """Place of a thing that is seen in one place only."""
    places = {thing: {script.shots[i].place for i in shots_showing(script, thing)} for thing in colours_of(script)}
    lone = [(thing, *there) for thing, there in places.items() if len(there) == 1]
    if not lone:
        return None
    thing, there = rng.choice(lone)
    parts = [Part(f"The {thing} is"), Part(f"{place_phrase(there)}.", shots_showing(script, thing))]
    return asked("where", say.WHERE, rng, parts, a=article(thing), thing=thing)


def action(script: Script, rng: random.Random) -> Question | None:
    """What a thing does that does the same throughout."""
    does: dict[str, set[str]] = {}
    for shot in script.shots:
        for actor in shot.actors:
            does.setdefault(actor.thing, set()).add(actor.action)
    steady = [(thing, *actions) for thing, actions in does.items() if len(actions) == 1]
    if not steady:
        return None
    thing, doing = rng.choice(steady)
    parts = [Part(f"The {thing} is"), Part(f"{doing}.", shots_showing(script, thing))]
    return asked("action", say.ACTION, rng, parts, thing=thing)


def contents(script: Script, rng: random.Random) -> Question | None:
    """What is in a place that is seen once, in the world's order."""
    scene = lone_scene(script, rng)
    if not scene:
        return None
    there = {actor.thing for i in scene.shots for actor in script.shots[i].actors}
    things = [with_article(thing) for thing in THINGS if thing in there]
    if not 0 < len(things) <= MOST_THINGS:
        return None
    at = preposition(scene.place)
    parts = [Part(f"{at.capitalize()} the {scene.place} there is"), Part(f"{listed(things)}.", scene.shots[-1:])]
    return asked("contents", say.CONTENTS, rng, parts, at=at, place=scene.place)


def after(script: Script, rng: random.Random) -> Question | None:
    """Which place comes after a place, or after a thing that is seen in one scene only."""
    if rng.random() < 0.35:
        return _after_thing(script, rng)
    scene = lone_scene(script, rng)
    if not scene or scene.number + 1 == len(script.scenes):
        return None
    then = script.scenes[scene.number + 1]
    parts = [Part(f"After the {scene.place} comes"), Part(f"the {then.place}.", then.shots)]
    return asked("after", say.AFTER_PLACE, rng, parts, place=scene.place)


def _after_thing(script: Script, rng: random.Random) -> Question | None:
    scene_of = {i: scene.number for scene in script.scenes for i in scene.shots}
    numbers = {thing: {scene_of[i] for i in shots_showing(script, thing)} for thing in colours_of(script)}
    lone = [(thing, min(there)) for thing, there in numbers.items() if len(there) == 1]
    lone = [(thing, number) for thing, number in lone if number + 1 < len(script.scenes)]
    if not lone:
        return None
    thing, number = rng.choice(lone)
    then = script.scenes[number + 1]
    parts = [Part(f"After the {thing} comes"), Part(f"the {then.place}.", then.shots)]
    return asked("after", say.AFTER_THING, rng, parts, thing=thing)


def count(script: Script, rng: random.Random) -> Question:
    """How many scenes there are; more than a dozen are many."""
    scenes = len(script.scenes)
    number = NUMBERS[scenes - 1] if scenes <= len(NUMBERS) else TOO_MANY
    last = script.scenes[-1].shots
    parts = [Part("There is"), Part("one scene.", last)]
    if scenes > 1:
        parts = [Part("There are"), Part(f"{number} scenes.", last)]
    return asked("count", say.COUNT, rng, parts)


def summary(script: Script, rng: random.Random) -> Question | None:
    """Where and when the film begins, what comes next, where and when it ends."""
    if len(script.scenes) < 3:
        return None
    first, second, last = script.scenes[0], script.scenes[1], script.scenes[-1]
    parts = [
        Part("The film begins"),
        Part(f"{place_phrase(first.place)} {TIME_PHRASES[script.shots[0].time]},", first.shots),
        Part("goes on"),
        Part(place_phrase(second.place), second.shots),
        Part("and ends"),
        Part(f"{place_phrase(last.place)} {TIME_PHRASES[script.shots[-1].time]}.", last.shots),
    ]
    return asked("summary", say.SUMMARY, rng, parts)
