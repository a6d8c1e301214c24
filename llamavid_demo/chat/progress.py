"""How far a long piece of work has come."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Progress:
    """`done` of `total` of a stage.

    "frames" (decode and encode), "tokens" (frames), "prefill" (tokens), "words" (frames that a question reads), "look"
    (frames that it looks at again), "queue" (number `done` of `total` that wait, for about so many `seconds` if known).
    """

    stage: str
    done: int
    total: int
    seconds: float | None = field(default=None, compare=False)


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: object) -> None:
    """For callers that don't watch."""


def tell(stage: str, total: int, work: Generator[int, None, T], *, before: int = 0) -> Generator[Progress, None, T]:
    """Work that yields how much is done, as the progress of a stage, `before` done already; its value is the work's."""
    while True:
        try:
            done = next(work)
        except StopIteration as ended:
            value: T = ended.value
            return value
        yield Progress(stage, before + done, total)


def finish(work: Generator[Done, None, T], progress: Callable[[Done], None] = ignore_progress) -> T:
    """Do work to its end and tell of what it yields, such as its progress; its value."""
    while True:
        try:
            step = next(work)
        except StopIteration as ended:
            value: T = ended.value
            return value
        progress(step)
