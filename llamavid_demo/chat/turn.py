"""A turn: one question, its answer as it is written, and what the answer cost and leaned on."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from llamavid_demo.chat.evidence import Evidence
from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress
from llamavid_demo.options import Options

Told = list[Progress | str]


class Stoppable(Protocol):
    """Whatever writes an answer."""

    def stop(self) -> None:
        """End it soon; from any thread, without waiting."""


@dataclass(frozen=True)
class TurnStats:
    """What a turn cost: `reused_tokens` of `prompt_tokens` were in the KV cache already.

    The section that it read has `section_tokens` of them and takes `memory_bytes`, as `SectionCost` says beforehand. Of
    the conversation the first `dropped_turns` were not read: the model had no room for them.
    """

    frames: int
    prompt_tokens: int
    reused_tokens: int
    new_tokens: int
    ttft_s: float
    tokens_per_s: float
    section_tokens: int
    memory_bytes: int
    dropped_turns: int = 0


class Turn:
    """Iterate a turn for pieces of text, or its `events`; then it has `text`, `evidence`, `stats` and `finished`.

    `finished` is None while the answer is being written, then "end", "length" or "stopped". `options` are those that it
    was asked with, `used` also say how it sampled where they left that to the settings. The time to its first token
    begins at second `asked_at` of `time.perf_counter`: who had the film watched first sets it back to when that began.
    """

    def __init__(
        self,
        question: str,
        write: "Callable[[Turn], Iterator[Told]] | None" = None,
        *,
        options: Options = Options(),  # noqa: B008 - it is frozen
        progress: ProgressCallback = ignore_progress,
    ) -> None:
        self.question = question
        self.options = self.used = options
        self.asked_at = time.perf_counter()
        self.text = ""
        self.evidence: list[Evidence] = []
        self.stats: TurnStats | None = None
        self.finished: Literal["end", "length", "stopped"] | None = None
        self.stopping = False
        self.every = 0.0  # seconds between two lists of events, at least
        self._progress = progress
        self._events = write(self) if write else iter(())
        self._task: Stoppable | None = None

    @property
    def until(self) -> float | None:
        """The second of the film from which on nothing was to be known; None: all of the section was."""
        return self.options.until

    @property
    def asked(self) -> str:
        """The question as the model reads it."""
        return self.options.asked(self.question)

    @classmethod
    def past(cls, question: str, answer: str) -> "Turn":
        """A turn of an earlier conversation, read back."""
        turn = cls(question)
        turn.text, turn.finished = answer, "end"
        return turn

    def events(self, every: float = 0.1) -> Iterator[Told]:
        """What happens, in lists, at most one in `every` seconds, and now and then an empty one: progress, then pieces.

        Leaving early stops the answer and waits for nothing. Raises `DemoError`.
        """
        self.every = every
        return self._events

    def __iter__(self) -> Iterator[str]:
        """Pieces of text; progress goes to the conversation's callback."""
        try:
            for told in self.events(every=0):
                for what in told:
                    if isinstance(what, str):
                        yield what
                    else:
                        self._progress(what)
        except BaseException as error:  # of the callback, or whoever iterates has left: the answer's work hears of it
            if isinstance(self._events, Generator):
                self._events.throw(error)
            raise

    def finish(self) -> "Turn":
        """Write the answer to its end."""
        for _ in self:
            pass
        return self

    def grow(self, text: str, *, last: bool = False) -> Told:
        """Called by whoever writes: the answer is this `text` by now; gives what is new. Half a character waits."""
        text = text.strip()
        if len(text) <= len(self.text) or (text.endswith("\ufffd") and not last):
            return []
        piece, self.text = text[len(self.text) :], text
        return [piece]

    def answered_by(self, task: Stoppable) -> None:
        """Called by the conversation: this task writes the answer."""
        self._task = task
        if self.stopping:
            task.stop()

    def stop(self) -> None:
        """End the answer before its next token; may be called from any thread."""
        self.stopping = True
        if self._task:
            self._task.stop()
