"""Films by chance, and the scripts of the bundled ones."""

import random
from collections.abc import Iterator
from pathlib import Path

from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.world import Script

MOVIES = Path(__file__).parents[2] / "movies"
BUNDLED = ("the-lost-map", "the-bell-in-the-fog", "a-year-of-letters")
BRIEF = FilmKind(scenes=(1, 5), shots=(1, 2), seconds=(1, 4), lines=(0, 2), actors=(1, 3))
USUAL = FilmKind(scenes=(2, 15), shots=(1, 3), seconds=(2, 6), lines=(0, 3), actors=(1, 3))


def chance(seed: int) -> random.Random:
    return random.Random(seed)


def films(count: int, *kinds: FilmKind) -> Iterator[tuple[Script, random.Random]]:
    """Films by chance, each with the generator that made it: brief and usual ones, or those of `kinds` in turn."""
    kinds = kinds or (BRIEF, USUAL)
    for seed in range(count):
        rng = chance(seed)
        yield random_script(rng, kinds[seed % len(kinds)]), rng


def bundled_script(slug: str) -> Script:
    return Script.from_json((MOVIES / slug / "script.json").read_text(encoding="utf-8"))
