"""How far a long piece of work has come."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total` of a stage: "frames" (decode and encode), "tokens" (frames) or "prefill" (tokens)."""

    stage: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """For callers that don't watch."""
