"""The branches of a conversation: a question that was edited, or asked again, parts from the turns that came before.

Turns are told apart by identity: branches that begin alike share them. Places count from 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

MOST_BRANCHES = 50  # of a conversation; the oldest makes room


@dataclass(frozen=True)
class Branches(Generic[T]):
    """All branches, each a whole conversation from its first turn, in the order of their making; one is open."""

    paths: tuple[tuple[T, ...], ...] = ((),)
    open: int = 0

    @classmethod
    def of(cls, turns: Sequence[T]) -> "Branches[T]":
        """A conversation that never parted."""
        return cls((tuple(turns),))

    @property
    def turns(self) -> tuple[T, ...]:
        """The conversation that is open."""
        return self.paths[self.open]

    def following(self, turns: Sequence[T]) -> "Branches[T]":
        """What they become when the open conversation becomes `turns`: it grew, or was cut, or a branch has begun."""
        now, number = tuple(turns), self.open
        if not _begins(now, self.turns) and not _begins(self.turns, now):
            return _tidy((*self.paths, now), len(self.paths))
        return _tidy((*self.paths[:number], now, *self.paths[number + 1 :]), number)

    def at(self, place: int) -> list[T]:
        """The turns that follow the first `place` turns of the open conversation, the open one among them."""
        found: list[T] = []
        for path in self.paths:
            follows = len(path) > place and _begins(path, self.turns[:place])
            if follows and not any(path[place] is turn for turn in found):
                found.append(path[place])
        return found

    def turned(self, place: int, number: int) -> "Branches[T]":
        """With turn `number` of those `at` a place open, and what came after it last; unchanged where there is none."""
        choices = self.at(place) if 0 <= place <= len(self.turns) else []
        if not 0 <= number < len(choices):
            return self
        chosen = (*self.turns[:place], choices[number])
        if _begins(self.turns, chosen):
            return self
        return _tidy(self.paths, max(i for i, path in enumerate(self.paths) if _begins(path, chosen)))

    def begun_anew(self) -> "Branches[T]":
        """With an empty conversation open, beside the one that was; unchanged where that is empty itself."""
        return _tidy((*self.paths, ()), len(self.paths)) if self.turns else self

    def map(self, change: Callable[[T], U]) -> "Branches[U]":
        """The same branches of other turns; `change` is called once for each turn."""
        turns = {id(turn): turn for path in self.paths for turn in path}
        changed = {name: change(turn) for name, turn in turns.items()}
        return Branches(tuple(tuple(changed[id(turn)] for turn in path) for path in self.paths), self.open)


def _begins(path: tuple[T, ...], start: tuple[T, ...]) -> bool:
    """Whether a path begins with these turns."""
    return len(path) >= len(start) and all(one is other for one, other in zip(path, start, strict=False))


def _tidy(paths: tuple[tuple[T, ...], ...], number: int) -> Branches[T]:
    """Branches without those that are but the beginning of another, and without the oldest where there are too many."""
    opened = paths[number]
    others = [
        path
        for i, path in enumerate(paths)
        if i == number or not any(i != j and _begins(other, path) for j, other in enumerate(paths))
    ]
    while len(others) > MOST_BRANCHES:
        del others[1 if others[0] is opened else 0]
    return Branches(tuple(others), next(i for i, path in enumerate(others) if path is opened))
