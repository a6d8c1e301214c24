"""Questions with no answer in the film, or none in this world: an honest one is given, never a guess."""

import random

from llamavid_demo.questions import phrasings as say
from llamavid_demo.questions.heard import lines_of
from llamavid_demo.questions.question import Part, Question, asked, colours_of
from llamavid_demo.questions.words import ABSENT, NUMBERS, ORDINALS, REFUSAL, article, preposition
from llamavid_demo.storybook.world import COLOURS, ITEMS, NAMES, PLACES, THINGS, Script

OUTSIDE_WORDS = (
    "France", "London", "soup", "rice", "football", "money", "music", "maths", "history", "love",
    "politics", "computers", "shoes", "coffee", "tea", "bread", "trains", "doctors", "school", "science",
)  # fmt: skip


def outside(script: Script, rng: random.Random) -> Question:
    """Something that no film of this world tells."""
    del script
    word = rng.choice(OUTSIDE_WORDS + COLOURS)
    if rng.random() < 0.5:
        word = "".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(3, 8)))
    return asked("outside", say.OUTSIDE, rng, [Part(REFUSAL)], word=word, number=rng.choice(NUMBERS))


def absent(script: Script, rng: random.Random) -> Question | None:
    """Something of this world that isn't in the film."""
    return rng.choice((_thing, _thing, _place, _scene, _item, _words))(script, rng)


def _thing(script: Script, rng: random.Random) -> Question | None:
    missing = [thing for thing in THINGS if thing not in colours_of(script)]
    if not missing:
        return None
    thing = rng.choice(missing)
    forms = rng.choice((say.COLOUR, say.WHERE, say.ACTION, say.AFTER_THING))
    return asked("absent", forms, rng, [Part(ABSENT.format(a=article(thing), thing=thing))],
                 a=article(thing), thing=thing)  # fmt: skip


def _place(script: Script, rng: random.Random) -> Question | None:
    missing = [place for place in PLACES if all(scene.place != place for scene in script.scenes)]
    if not missing:
        return None
    place = rng.choice(missing)
    forms = rng.choice((say.TIME_PLACE, say.WEATHER_PLACE, say.CONTENTS, say.AFTER_PLACE, say.WHO, say.SAID))
    return asked("absent", forms, rng, [Part(ABSENT.format(a=article(place), thing=place))],
                 at=preposition(place), place=place)  # fmt: skip


def _scene(script: Script, rng: random.Random) -> Question | None:
    missing = ORDINALS[len(script.scenes) :]
    if not missing:
        return None
    nth = rng.choice(missing[:4])
    forms = rng.choice((say.PLACE_NTH, say.TIME_NTH, say.WEATHER_NTH))
    return asked("absent", forms, rng, [Part(f"There is no {nth} scene.", script.scenes[-1].shots)], nth=nth)


def _item(script: Script, rng: random.Random) -> Question | None:
    missing = sorted(set(ITEMS) - {line.item for _, line in lines_of(script)})
    if not missing:
        return None
    item = rng.choice(missing)
    return asked("absent", say.ABOUT, rng, [Part(f"Nobody speaks of the {item}.")], item=item)


def _words(script: Script, rng: random.Random) -> Question | None:
    lines = [line for _, line in lines_of(script)]
    name = rng.choice(sorted({line.speaker for line in lines}) or NAMES)
    missing = sorted(set(ITEMS) - {line.item for line in lines if line.speaker == name})
    if not missing:
        return None
    item = rng.choice(missing)
    return asked("absent", say.SAYS, rng, [Part(f"{name} does not speak of the {item}.")], name=name, item=item)
