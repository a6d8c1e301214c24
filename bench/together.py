"""Conversations on one section, answered together against one after the other; and one against Hugging Face's loop.

Together they are asked twice: by the chat room's callers, and through the page's own handlers.
"""

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from bench.random_model import random_model
from bench.results import MB, RESULTS, Out, Row, publish
from bench.stateless import Stateless
from bench.stored_film import stored_film
from bench.through_page import page_seconds
from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache

QUESTION, TOKENS = "What colour is the car?", 64
COLUMNS = {
    "conversations": "{conversations}",
    "one by one": "{apart_tokens_per_s:.0f} tokens/s",
    "together": "{together_tokens_per_s:.0f} tokens/s",
    "faster": "{faster:.1f}×",
    "through the page": "{page_tokens_per_s:.0f} tokens/s",
    "prefix": "{prefix_mb:.0f} MB",
    "tails": "{tails_mb:.0f} MB",
    "prefix and tails, of 1": "{held_ratio:.2f}×",
    "process": "{process_mb:.0f} MB",
    "process, of 1": "{process_ratio:.2f}×",
}


def together(
    frames: Annotated[int, typer.Argument(help="Length of the film.")] = 600,
    conversations: Annotated[list[int], typer.Option(help="How many; 1 is always first.")] = (8, 16),  # type: ignore
    out: Out = RESULTS,
) -> None:
    """Conversations on one section at once: tokens a second and memory."""
    model, rows = random_model(), list[Row]()
    prefixes = PrefixCache(1 << 34)
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, frames, Path(folder))
        room = {"answers_at_once": max(conversations), "max_new_tokens": TOKENS}
        settings = settings.model_copy(update=room)

        def chats(count: int) -> list[MovieChat]:
            return [MovieChat(model, movie, settings=settings, prefixes=prefixes) for _ in range(count)]

        seconds(chats(1), together=True)  # reads the section
        for count in (1, *conversations):
            rows.append(measure(chats(count), chats(count), prefixes))
            page = page_seconds(model, movie, settings, prefixes, QUESTION, count)
            rows[-1]["page_tokens_per_s"] = count * TOKENS / page
            for kind in ("held", "process"):
                rows[-1][f"{kind}_ratio"] = rows[-1][f"{kind}_mb"] / rows[0][f"{kind}_mb"]
        generate = Stateless.of(model, movie, settings).tokens_per_s(QUESTION, TOKENS)
    ratio = rows[0]["together_tokens_per_s"] / generate
    publish(
        "together", rows, COLUMNS, lambda axes: _draw(axes, rows, generate), out=out, frames=frames,
        generate_tokens_per_s=generate, one_against_generate=ratio,
    )  # fmt: skip
    Console().print(f"One conversation, {TOKENS} tokens: {ratio:.2f}× as fast as generate with DynamicCache.")


def measure(one_by_one: list[MovieChat], crowd: list[MovieChat], prefixes: PrefixCache) -> Row:
    """Tokens a second of conversations, which have not been used, one by one and together; the memory they take."""
    apart = seconds(one_by_one, together=False)
    one_by_one.clear()
    joined = seconds(crowd, together=True)
    tails = sum(chat._conversation.tail.nbytes for chat in crowd)
    return {
        "conversations": len(crowd),
        "apart_tokens_per_s": len(crowd) * TOKENS / apart,
        "together_tokens_per_s": len(crowd) * TOKENS / joined,
        "faster": apart / joined,
        "prefix_mb": prefixes.nbytes / MB,
        "tails_mb": tails / MB,
        "held_mb": (prefixes.nbytes + tails) / MB,
        "process_mb": psutil.Process().memory_info().rss / MB,
    }


def seconds(chats: Sequence[MovieChat], *, together: bool, tokens: int = TOKENS) -> float:
    """How long it takes until every chat has its answer of so many tokens, the section being read."""
    began = time.perf_counter()
    turns = [chat.ask(QUESTION, max_new_tokens=tokens) for chat in chats]
    threads = [threading.Thread(target=turn.finish) for turn in turns]
    for thread in threads:
        thread.start()
        if not together:
            thread.join()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    assert all(turn.stats and turn.stats.new_tokens == tokens for turn in turns)
    return took


def _draw(axes: Any, rows: list[Row], generate: float) -> None:
    counts = [row["conversations"] for row in rows]
    axes.plot(counts, [row["together_tokens_per_s"] for row in rows], "C0", marker=".", label="together")
    axes.plot(counts, [row["page_tokens_per_s"] for row in rows], "C2--", marker=".", label="through the page")
    axes.plot(counts, [row["apart_tokens_per_s"] for row in rows], "C1", marker=".", label="one by one")
    axes.axhline(generate, color="gray", linestyle=":", label="generate, one by one")
    axes.set(xlabel="conversations on one section", ylabel="tokens a second, all together", ylim=(0, None))
    axes.legend()
