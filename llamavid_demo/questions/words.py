"""How answers put things: prepositions, numbers, lists, and the refusals."""

from collections.abc import Sequence

from llamavid_demo.storybook.world import Scene, Script

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
TOO_MANY = "more than twelve"
ABSENT = "I don't see {a} {thing} in this film."


def preposition(place: str) -> str:
    """`at` (the beach), `in` (the forest), `on` (the mountain)."""
    return PREPOSITIONS.get(place, "in")


def place_phrase(place: str) -> str:
    """`at the beach`, `in the forest`, `on the mountain`."""
    return f"{preposition(place)} the {place}"


def article(thing: str) -> str:
    """`a` or `an`."""
    return "an" if thing[0] in "aeiou" else "a"


def with_article(thing: str) -> str:
    """`a cat`, `an owl`."""
    return f"{article(thing)} {thing}"


def listed(names: Sequence[str]) -> str:
    """`Mia`, `Mia and Leo`, `Mia and Leo and Nora`: whoever speaks need not know beforehand how many come."""
    return " and ".join(names)


def only_scene(script: Script, place: str) -> Scene | None:
    """The scene in a place, if there is exactly one."""
    there = [scene for scene in script.scenes if scene.place == place]
    return there[0] if len(there) == 1 else None
