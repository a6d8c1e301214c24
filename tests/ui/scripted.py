"""A model whose answers are made up: the same words for every question, and troubles to order."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from types import SimpleNamespace
from typing import Any

import torch

from llamavid_demo.chat import Evidence, Progress, Turn
from llamavid_demo.errors import MovieError
from llamavid_demo.film import FrameFormat, Movie

UNSEEN = 9.0  # second of a frame that has no heat map
Told = list[Progress | str]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives. A thread of its own runs it: a browser's event loop may have this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def told(parts: dict[str, Any]) -> dict[str, Any]:
    """The message to the page's script."""
    found = re.search(r'data-told="([^"]*)"', parts.get("browser", ""))
    return json.loads(unescape(found[1])) if found else {}


class ScriptedTurn(Turn):
    """A turn whose events are made up; `closed` when somebody has closed or exhausted them."""

    def __init__(self, question: str, write: "Callable[[ScriptedTurn], Iterator[Progress | str]]") -> None:
        super().__init__(question)
        self._made_up = self._make_up(write)
        self.stopped = self.closed = False

    def events(self, every: float = 0.1) -> Generator[Told, None, None]:
        return self._made_up

    def _make_up(self, write: "Callable[[ScriptedTurn], Iterator[Progress | str]]") -> Generator[Told, None, None]:
        try:
            for what in write(self):
                yield [what]
        finally:
            self.closed = True

    def stop(self) -> None:
        self.stopped = True


class ScriptedChat:
    """Answers every question with the same words, after it stood in the queue if it was `queued`.

    It keeps turns as a `MovieChat` does.
    """

    busy = False

    def __init__(self, words: list[str], trouble: Exception | None = None, *, queued: int = 0) -> None:
        self.words, self.trouble, self.queued = words, trouble, queued
        self.turns: list[Turn] = []
        self.model = SimpleNamespace(frame_format=FrameFormat(56, 56, "stretch"))

    def heat_map(self, seconds: float, turn: Turn) -> torch.Tensor:
        assert turn in self.turns
        if seconds == UNSEEN:
            raise MovieError("That second is not here.")
        return torch.eye(4) / 4

    def ask(self, question: str, after: int | None = None, **_: Any) -> Turn:
        return ScriptedTurn(question, lambda turn: self._write(turn, self.turns[:after]))

    def retry(self, **_: Any) -> Turn:
        return ScriptedTurn(self.turns[-1].question, lambda turn: self._write(turn, self.turns[:-1]))

    def undo(self) -> None:
        self.turns = self.turns[:-1]

    def _write(self, turn: ScriptedTurn, earlier: list[Turn]) -> Iterator[Progress | str]:
        if self.trouble:
            raise self.trouble
        self.turns = [*earlier, turn]
        for _ in range(self.queued):
            if not turn.stopped:
                yield Progress("queue", 2, 3)
        for word in self.words:
            if turn.stopped:
                break
            turn.text += word
            yield word
        turn.finished = "stopped" if turn.stopped else "end"
        turn.evidence = [Evidence(3.0, 0.5, None)]


class ScriptedModel:
    """Stands for the model in the background; reading a section tells of some steps."""

    ready: Any = None
    loading = False

    def __init__(self, chat: ScriptedChat) -> None:
        self.scripted = chat

    def chat(
        self, movie: Movie, section: int, stopping: threading.Event, **_: Any
    ) -> Generator[Progress, None, ScriptedChat | None]:
        for frame in range(1, 4):
            if stopping.is_set():
                return None
            yield Progress("frames", 10 * frame, 30)
        return self.scripted
