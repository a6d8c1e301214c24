"""Questions about a film with their true answers, derived from its script.

Every family has six or more phrasings. Whoever asks may drop the question mark or the capitals: so do we. An answer
depends on the film and on what is asked, never on the phrasing, so that answers can be compared word by word. It
repeats what was asked before it says what was seen, in the same words for place, time and weather: a small model
finds the spot while it repeats, and needs to learn that once.
"""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from llamavid_demo.train.world import COLOURS, THINGS, Script, Shot

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth",
    "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
)  # fmt: skip
NUMBERS = (
    "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
PREPOSITIONS = {
    "beach": "at", "castle": "at", "harbour": "at", "farm": "at", "lake": "at", "mountain": "on",
}  # fmt: skip
TIME_PHRASES = {"morning": "in the morning", "noon": "at noon", "evening": "in the evening", "night": "at night"}
WEATHER_WORDS = {"clear": "clear", "rain": "rainy", "snow": "snowy", "fog": "foggy"}
REFUSAL = "I only know what this film shows."

PLACE_FIRST = (
    "Where does the film begin?", "Where does the film start?", "Where does the movie begin?",
    "Where does the story begin?", "Where are we at the beginning?", "In what place does the film begin?",
    "Where is the first scene?", "What place do we see first?",
)  # fmt: skip
PLACE_LAST = (
    "Where does the film end?", "Where does the movie end?", "Where does the story end?",
    "Where are we at the end?", "In what place does the film end?", "Where is the last scene?",
    "What place do we see last?", "Where does the film stop?",
)  # fmt: skip
PLACE_NTH = (
    "Where is the {nth} scene?", "Where does the {nth} scene take place?", "Where are we in the {nth} scene?",
    "What is the place of the {nth} scene?", "In what place is the {nth} scene?",
    "What place do we see in the {nth} scene?", "Where does the {nth} scene happen?",
)  # fmt: skip
TIME_NTH = (
    "What time of day is it in the {nth} scene?", "What is the time of day in the {nth} scene?",
    "When does the {nth} scene take place?", "What time is it in the {nth} scene?",
    "When does the {nth} scene happen?", "At what time of day is the {nth} scene?",
)  # fmt: skip
TIME_FIRST = (
    "What time of day is it at the beginning?", "At what time of day does the film begin?",
    "When does the film begin?", "What time is it when the film starts?",
)  # fmt: skip
TIME_LAST = (
    "What time of day is it at the end?", "At what time of day does the film end?",
    "When does the film end?", "What time is it when the film ends?",
)  # fmt: skip
TIME_PLACE = (
    "What time of day is it {at} the {place}?", "What time is it {at} the {place}?",
    "When are we {at} the {place}?", "At what time of day do we see the {place}?",
    "What is the time of day {at} the {place}?", "When do we see the {place}?",
)  # fmt: skip
COLOUR = (
    "What colour is the {thing}?", "What color is the {thing}?", "Which colour does the {thing} have?",
    "What is the colour of the {thing}?", "Tell me the colour of the {thing}.", "The {thing} is what colour?",
    "Of what colour is the {thing}?",
)  # fmt: skip
EXISTENCE = (
    "Is there {a} {thing} in the film?", "Is there {a} {thing}?", "Does {a} {thing} appear in the film?",
    "Do we see {a} {thing}?", "Is {a} {thing} in the movie?", "Can you see {a} {thing}?",
    "Does the film show {a} {thing}?",
)  # fmt: skip
WEATHER_NTH = (
    "What is the weather in the {nth} scene?", "What is the weather like in the {nth} scene?",
    "How is the weather in the {nth} scene?", "What weather do we see in the {nth} scene?",
    "Which weather is there in the {nth} scene?", "What weather does the {nth} scene have?",
)  # fmt: skip
WEATHER_PLACE = (
    "What is the weather {at} the {place}?", "What is the weather like {at} the {place}?",
    "How is the weather {at} the {place}?", "What weather do we see {at} the {place}?",
    "Which weather is there {at} the {place}?", "What weather does the {place} have?",
)  # fmt: skip
COUNT = (
    "How many scenes are there?", "How many scenes does the film have?", "How many places do we see?",
    "How many scenes are in the film?", "What is the number of scenes?", "How many scenes can you count?",
    "Count the scenes.",
)  # fmt: skip
AFTER = (
    "What comes after the {place}?", "Where do we go after the {place}?", "Which place follows the {place}?",
    "What place comes after the {place}?", "Where are we after the {place}?", "What do we see after the {place}?",
)  # fmt: skip
OUTSIDE = (
    "What is the capital of {word}?", "Who is the president of {word}?", "How do I cook {word}?",
    "What is two and {number}?", "Who wrote this film?", "How old are you?", "Tell me a joke about {word}.",
    "Write a poem about {word}.", "What do you think of {word}?", "How much does {word} cost?",
    "What is your name?", "When was {word} born?", "Translate {word} for me.", "Can you help me with {word}?",
)  # fmt: skip

Made = tuple[str, str, tuple[int, ...]]  # text, answer, shots that show it

FAMILIES = ("place", "time", "colour", "existence", "weather", "count", "order", "outside")
MAIN_FAMILIES = FAMILIES[:4]


@dataclass(frozen=True)
class Question:
    """A question, its family, the answer that is true of the film it was made for, and the shots that show it."""

    family: str
    text: str
    answer: str
    shots: tuple[int, ...] = ()


def questions(script: Script, rng: random.Random) -> list[Question]:
    """One question of every family that the script allows, with its phrasing by chance."""
    found = [ask(family, script, rng) for family in FAMILIES]
    return [question for question in found if question]


def ask(family: str, script: Script, rng: random.Random) -> Question | None:
    """A question of one family; None when the script has nothing unambiguous to ask for."""
    made = _MAKERS[family](script, rng)
    if made is None:
        return None
    text, answer, shots = made
    return Question(family, _as_people_type(text, rng), answer, shots)


def place_phrase(place: str) -> str:
    """`at the beach`, `in the forest`, `on the mountain`."""
    return f"{PREPOSITIONS.get(place, 'in')} the {place}"


def article(thing: str) -> str:
    """`a` or `an`."""
    return "an" if thing[0] in "aeiou" else "a"


def normalise(answer: str) -> str:
    """Lower-cased words of an answer, without punctuation: what exact match compares."""
    return " ".join(re.findall(r"[\w']+", answer.lower()))


def phrasings() -> Iterable[str]:
    """Every phrasing, with its slots."""
    for group in (
        PLACE_FIRST, PLACE_LAST, PLACE_NTH, TIME_NTH, TIME_FIRST, TIME_LAST, TIME_PLACE, COLOUR, EXISTENCE,
        WEATHER_NTH, WEATHER_PLACE, COUNT, AFTER, OUTSIDE,
    ):  # fmt: skip
        yield from group


def colours_of(script: Script) -> dict[str, set[str]]:
    """Every thing in the film with the colours that it is seen in."""
    seen: dict[str, set[str]] = {}
    for shot in script.shots:
        for actor in shot.actors:
            seen.setdefault(actor.thing, set()).add(actor.colour)
    return seen


def _as_people_type(text: str, rng: random.Random) -> str:
    if rng.random() < 0.2:
        text = text.rstrip("?.")
    style = rng.random()
    if style < 0.2:
        return text.lower()
    return text.upper() if style < 0.23 else text


def _nth(script: Script, rng: random.Random) -> tuple[int, str]:
    """A scene by chance as (index, word for it); the last one may be called so."""
    index = rng.randrange(min(len(script.shots), len(ORDINALS)))
    if index == len(script.shots) - 1 and rng.random() < 0.5:
        return index, "last"
    return index, ORDINALS[index]


def _showing(script: Script, thing: str) -> tuple[int, ...]:
    return tuple(i for i, shot in enumerate(script.shots) if any(a.thing == thing for a in shot.actors))


def _unique_places(script: Script) -> list[int]:
    places = [shot.place for shot in script.shots]
    return [i for i, place in enumerate(places) if places.count(place) == 1]


def _place(script: Script, rng: random.Random) -> Made:
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(PLACE_FIRST), f"The film begins {place_phrase(script.shots[0].place)}.", (0,)
    if kind < 0.5:
        return (
            rng.choice(PLACE_LAST),
            f"The film ends {place_phrase(script.shots[-1].place)}.",
            (len(script.shots) - 1,),
        )
    index, nth = _nth(script, rng)
    where = place_phrase(script.shots[index].place)
    return rng.choice(PLACE_NTH).format(nth=nth), f"The {nth} scene is {where}.", (index,)


def _by_scene_or_place(
    script: Script,
    rng: random.Random,
    value: Callable[[Shot], str],
    nth_forms: tuple[str, ...],
    place_forms: tuple[str, ...],
) -> Made:
    once = _unique_places(script)
    if once and rng.random() < 0.5:
        index = rng.choice(once)
        shot = script.shots[index]
        at = PREPOSITIONS.get(shot.place, "in")
        text = rng.choice(place_forms).format(at=at, place=shot.place)
        return text, f"The {shot.place} scene is {value(shot)}.", (index,)
    index, nth = _nth(script, rng)
    return rng.choice(nth_forms).format(nth=nth), f"The {nth} scene is {value(script.shots[index])}.", (index,)


def _time(script: Script, rng: random.Random) -> Made:
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(TIME_FIRST), f"The first scene is {TIME_PHRASES[script.shots[0].time]}.", (0,)
    if kind < 0.3:
        last = len(script.shots) - 1
        return rng.choice(TIME_LAST), f"The last scene is {TIME_PHRASES[script.shots[last].time]}.", (last,)
    return _by_scene_or_place(script, rng, lambda shot: TIME_PHRASES[shot.time], TIME_NTH, TIME_PLACE)


def _weather(script: Script, rng: random.Random) -> Made:
    return _by_scene_or_place(script, rng, lambda shot: WEATHER_WORDS[shot.weather], WEATHER_NTH, WEATHER_PLACE)


def _colour(script: Script, rng: random.Random) -> Made | None:
    plain = [(thing, *colours) for thing, colours in colours_of(script).items() if len(colours) == 1]
    if not plain:
        return None
    thing, colour = rng.choice(plain)
    return rng.choice(COLOUR).format(thing=thing), f"The {thing} is {colour}.", _showing(script, thing)


def _existence(script: Script, rng: random.Random) -> Made:
    present = colours_of(script)
    absent = [thing for thing in THINGS if thing not in present]
    yes = bool(present) and (not absent or rng.random() < 0.5)
    thing = rng.choice(sorted(present) if yes else absent)
    text = rng.choice(EXISTENCE).format(a=article(thing), thing=thing)
    answer = f"Yes, there is {article(thing)} {thing}." if yes else f"No, there is no {thing}."
    return text, answer, _showing(script, thing)


def _count(script: Script, rng: random.Random) -> Made | None:
    shots = len(script.shots)
    if not 0 < shots <= len(NUMBERS):
        return None
    answer = f"There are {NUMBERS[shots - 1]} scenes." if shots > 1 else "There is one scene."
    return rng.choice(COUNT), answer, ()


def _order(script: Script, rng: random.Random) -> Made | None:
    once = [i for i in _unique_places(script) if i + 1 < len(script.shots)]
    if not once:
        return None
    index = rng.choice(once)
    before, after = script.shots[index].place, script.shots[index + 1].place
    return rng.choice(AFTER).format(place=before), f"After the {before} comes the {after}.", (index + 1,)


def _outside(script: Script, rng: random.Random) -> Made:
    del script
    if rng.random() < 0.5:
        word = "".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(3, 8)))
    else:
        word = rng.choice(OUTSIDE_WORDS + COLOURS)
    return rng.choice(OUTSIDE).format(word=word, number=rng.choice(NUMBERS)), REFUSAL, ()


OUTSIDE_WORDS = (
    "France", "London", "soup", "rice", "football", "money", "music", "maths", "history", "love",
    "politics", "computers", "shoes", "coffee", "tea", "bread", "trains", "doctors", "school", "science",
)  # fmt: skip

_MAKERS: dict[str, Callable[[Script, random.Random], Made | None]] = {
    "place": _place, "time": _time, "colour": _colour, "existence": _existence,
    "weather": _weather, "count": _count, "order": _order, "outside": _outside,
}  # fmt: skip
