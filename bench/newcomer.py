"""A newcomer's first word while somebody else is being answered, and what the other one notices of it."""

import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from bench.random_model import random_model
from bench.results import RESULTS, Out, Row, publish
from bench.stored_film import stored_film
from llamavid_demo.chat import MovieChat, Turn
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

RUNNING, TOKENS, BEFORE = "What colour is the car?", 256, 32  # the other's question, its answer; when we come in
COLUMNS = {
    "section": "{section}",
    "chat opens": "{opens_s:.3f} s",
    "first word, alone": "{alone_s:.3f} s",
    "beside an answer": "{beside_s:.3f} s",
    "ratio": "{ratio:.2f}",
    "the other's usual gap": "{usual_gap_ms:.1f} ms",
    "longest": "{longest_gap_ms:.1f} ms",
    "ratio ": "{gap_ratio:.1f}",
    "its tokens meanwhile": "{tokens_meanwhile:.0f}",
}


def newcomer(
    frames: Annotated[int, typer.Argument(help="Length of both films.")] = 600,
    rounds: Annotated[int, typer.Option(help="Medians are of so many (of the longest gap, the longest).")] = 3,
    out: Out = RESULTS,
) -> None:
    """A newcomer's first word beside an answer that is running, against alone; and the gaps in that answer."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(random_model(), frames, Path(folder))
        scene.alone(0, read=False)  # warms up
        found = {name: scene.measure(rounds, read=name == "read") for name in ("read", "unread")}
    rows = [row for row, _ in found.values()]
    gaps = {name: [(moment, gap * 1e3) for moment, gap in beside.gaps] for name, (_, beside) in found.items()}
    publish("newcomer", rows, COLUMNS, lambda axes: _draw(axes, gaps), out=out, frames=frames, rounds=rounds)
    if any(row["running_ended"] for row in rows):
        Console().print(f"The other's {TOKENS} tokens were over before the newcomer's first word: try fewer frames.")


@dataclass
class Beside:
    """What was seen beside a running answer: seconds to the newcomer's first word, when it asked and was told
    (seconds of `perf_counter`), when the other's tokens were written, and whether the other was ready before.
    """

    first_word_s: float
    asked: float
    told: float
    written: list[float]
    running_ended: bool

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """When a token of the other's came, from the newcomer's question on, and how long after the one before (s)."""
        return [(after - self.asked, after - before) for before, after in pairwise(self.written)]

    @property
    def usual_gap(self) -> float:
        """Seconds between the other's tokens before the newcomer asked."""
        return median(gap for moment, gap in self.gaps if moment <= 0)

    @property
    def longest_gap(self) -> float:
        """Most seconds between the other's tokens from the newcomer's question to its first word."""
        meanwhile = [gap for moment, gap in self.gaps if moment > 0 and moment - gap < self.told - self.asked]
        return max(meanwhile, default=float("nan"))

    @property
    def tokens_meanwhile(self) -> int:
        """Tokens of the other's from the newcomer's question to its first word."""
        return sum(self.asked < moment <= self.told for moment in self.written)


class Scene:
    """Two films of the same length: one is talked about all the time, the other one has not been read."""

    def __init__(self, model: LoadedModel, frames: int, folder: Path) -> None:
        self.model = model
        self.talked, self.fresh = (stored_film(model, frames, folder / name) for name in ("talked", "fresh"))
        self.prefixes = PrefixCache(1 << 34)
        self._chat(*self.talked, self.prefixes).ask(RUNNING, max_new_tokens=1).finish()

    def measure(self, rounds: int, *, read: bool) -> tuple[Row, Beside]:
        """Figures of one kind of section, and what was seen in the last round."""
        alone = [self.alone(2 * number + 1, read=read) for number in range(rounds)]
        beside = [self.beside(2 * number + 2, read=read) for number in range(rounds)]
        usual, longest = median(one.usual_gap for one in beside), max(one.longest_gap for one in beside)
        before, after = median(first for _, first in alone), median(one.first_word_s for one in beside)
        row = {
            "section": "read" if read else "unread",
            "opens_s": median(opens for opens, _ in alone),
            "alone_s": before,
            "beside_s": after,
            "ratio": after / before,
            "usual_gap_ms": usual * 1e3,
            "longest_gap_ms": longest * 1e3,
            "gap_ratio": longest / usual,
            "tokens_meanwhile": median(one.tokens_meanwhile for one in beside),
            "running_ended": any(one.running_ended for one in beside),
        }
        return row, beside[-1]

    def alone(self, number: int, *, read: bool) -> tuple[float, float]:
        """Seconds until a newcomer's chat is open, and from the question to the first word, nobody else being there."""
        began = time.perf_counter()
        chat = self._newcomer(read=read)
        opens = time.perf_counter() - began
        return opens, _first_word(chat, number, read=read)

    def beside(self, number: int, *, read: bool) -> Beside:
        """A newcomer's question `BEFORE` tokens after the other's answer has begun."""
        chat, running = self._newcomer(read=read), self._chat(*self.talked, self.prefixes)
        steps, answer = Steps(), running.ask(RUNNING, max_new_tokens=TOKENS)
        hook = self.model.network.llama.lm_head.register_forward_hook(steps.note)
        thread = threading.Thread(target=steps.watch, args=(answer,))
        thread.start()
        steps.enough.wait()
        asked = time.perf_counter()
        first = _first_word(chat, number, read=read)
        told, ended = time.perf_counter(), answer.finished is not None
        steps.wait()  # for the end of the gap that it came in
        answer.stop()
        thread.join()
        hook.remove()
        return Beside(first, asked, told, steps.written, ended)

    def _newcomer(self, *, read: bool) -> MovieChat:
        return self._chat(*self.talked, self.prefixes) if read else self._chat(*self.fresh, PrefixCache(1 << 34))

    def _chat(self, movie: Movie, settings: Settings, prefixes: PrefixCache) -> MovieChat:
        return MovieChat(self.model, movie, settings=settings, prefixes=prefixes)


@dataclass
class Steps:
    """Notes when the engine has written a token to whoever is being answered; `enough` is set after `BEFORE`."""

    written: list[float] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    over: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def watch(self, answer: Turn) -> None:
        """Have an answer written; nobody waits for what it will not say."""
        try:
            answer.finish()
        finally:
            self.enough.set()
            with self.changed:
                self.over = True
                self.changed.notify()

    def wait(self) -> None:
        """Wait for one more token, or for the end."""
        with self.changed:
            known = len(self.written)
            self.changed.wait_for(lambda: self.over or len(self.written) > known)

    def note(self, _head: Any, inputs: tuple[torch.Tensor], _logits: torch.Tensor) -> None:
        """A forward hook of the LLaMA's head, which gets (rows, H) at a step and (H,) when a question was read."""
        if inputs[0].dim() == 2:
            with self.changed:
                self.written.append(time.perf_counter())
                self.changed.notify()
            if len(self.written) == BEFORE:
                self.enough.set()


def _first_word(chat: MovieChat, number: int, *, read: bool) -> float:
    """Seconds to the first word. A number makes another guide question: frame tokens that no disk holds."""
    turn = chat.ask(RUNNING if read else f"What colour is car {number}?", max_new_tokens=1).finish()
    assert turn.stats
    return turn.stats.ttft_s


def _draw(axes: Any, gaps: dict[str, list[tuple[float, float]]]) -> None:
    for name, points in gaps.items():
        axes.plot(*zip(*points, strict=True), marker=".", linewidth=0.8, label=f"a section {name}")
    axes.axvline(0, color="gray", linestyle=":")
    axes.set(yscale="log", xlabel="seconds since the newcomer's question", ylabel="gap between two tokens, ms")
    axes.legend(title="the newcomer asks about")
