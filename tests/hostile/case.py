"""One hostile file: how it is made, and how the product is given it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SEED = 18


@dataclass(frozen=True)
class Case:
    """`make` writes into an empty folder and returns the path to give: a film, or `subtitles` for a good film."""

    kind: str
    label: str
    make: Callable[[Path], Path]
    subtitles: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.label}"


def chance(label: str) -> random.Random:
    """Random numbers that depend on nothing but the seed and the case."""
    return random.Random(f"{SEED} {label}")


def writer(name: str, data: bytes | str) -> Callable[[Path], Path]:
    """A `make` that writes one file."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make
