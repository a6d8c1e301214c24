"""A turn: one question, its answer as it is written, and what the answer cost and leaned on."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llamavid_demo.chat.evidence import Evidence


@dataclass(frozen=True)
class TurnStats:
    """What a turn cost: `reused_tokens` of `prompt_tokens` were in the KV cache already; memory of the process
    (of the card, on CUDA) in bytes.
    """

    frames: int
    prompt_tokens: int
    reused_tokens: int
    new_tokens: int
    ttft_s: float
    tokens_per_s: float
    memory_bytes: int


class Turn:
    """Iterate a turn for pieces of text; afterwards `text`, `evidence`, `stats` and `finished` are filled in.

    `finished` is None while the answer is being written, then "end", "length" or "stopped". `until` is the second of
    the film from which on nothing was to be known; None: all of the section was.
    """

    def __init__(
        self, question: str, write: "Callable[[Turn], Iterator[str]] | None" = None, *, until: float | None = None
    ) -> None:
        self.question = question
        self.until = until
        self.text = ""
        self.evidence: list[Evidence] = []
        self.stats: TurnStats | None = None
        self.finished: str | None = None
        self.stopping = threading.Event()
        self._pieces = write(self) if write else iter(())

    @classmethod
    def past(cls, question: str, answer: str) -> "Turn":
        """A turn of an earlier conversation, read back."""
        turn = cls(question)
        turn.text, turn.finished = answer, "end"
        return turn

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    def finish(self) -> "Turn":
        """Write the answer to its end."""
        for _ in self._pieces:
            pass
        return self

    def stop(self) -> None:
        """End the answer before its next token; may be called from any thread."""
        self.stopping.set()
