"""Answers a second of two replicas on Ray Serve against one of them, on this machine, in turns within one run."""

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any

import typer

from bench.results import RESULTS, Out, Row, publish
from llamavid_demo.chat.replica_chat import ReplicaChat
from llamavid_demo.chat.replicas import RayReplicas
from llamavid_demo.film import load_movie
from llamavid_demo.settings import ROOT, Settings

MODEL = "llama-vid-tiny"
QUESTIONS = ("Where does the film begin?", "What happens next?", "Who is in the film?", "What is the weather like?")
COLUMNS = {
    "replicas": "{replicas}",
    "answers": "{answers_per_s:.2f} a second",
    "slowest and fastest round": "{slowest:.2f}, {fastest:.2f}",
    "first word": "{first_word_s:.2f} s",
    "against one": "{ratio:.2f}×",
}


def replicas(
    visitors: Annotated[int, typer.Option(help="Conversations at once; one replica takes 12 before it is full.")] = 12,
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 5,
    out: Out = RESULTS,
) -> None:
    """Replicas on Ray Serve, each with its share of the cores: answers a second of two against one."""
    film = load_movie(ROOT / "movies" / "the-lost-map")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(model=str(ROOT / "assets" / MODEL), cache_dir=Path(folder), replicas=2, device="cpu")
        behind, began = RayReplicas(settings, {MODEL: settings}), time.perf_counter()
        try:
            behind.start()
            model, started = behind.outline(MODEL), time.perf_counter() - began

            def chats(slugs: Sequence[str]) -> list[ReplicaChat]:
                films = [replace(film, slug=slug) for slug in slugs]  # by which they are routed
                return [ReplicaChat(model, one, name=MODEL, replicas=behind, settings=settings) for one in films]

            ways = {1: ["film"] * visitors, 2: [f"film {number}" for number in range(visitors)]}
            took: dict[int, list[tuple[float, float]]] = {count: [] for count in ways}
            for slugs in ways.values():  # the section is read
                measure(chats(slugs))
            for _ in range(rounds):
                for count, slugs in ways.items():
                    took[count].append(measure(chats(slugs)))
        finally:
            behind.close()
    rows = [_row(count, measured) for count, measured in took.items()]
    for row in rows:
        row["ratio"] = row["answers_per_s"] / rows[0]["answers_per_s"]
    publish(
        "replicas", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out, visitors=visitors, rounds=rounds,
        started_s=started, load_average=[round(value, 1) for value in os.getloadavg()],
    )  # fmt: skip


def measure(chats: Sequence[ReplicaChat]) -> tuple[float, float]:
    """Answers a second of conversations that all ask at once, and seconds to the first word of an answer."""
    first = list[float]()

    def talk(chat: ReplicaChat) -> None:
        for question in QUESTIONS:
            turn = chat.ask(question).finish()
            assert turn.stats
            first.append(turn.stats.ttft_s)

    talks, began = [threading.Thread(target=talk, args=(chat,)) for chat in chats], time.perf_counter()
    for one in talks:
        one.start()
    for one in talks:
        one.join()
    assert len(first) == len(chats) * len(QUESTIONS)
    return len(first) / (time.perf_counter() - began), mean(first)


def _row(count: int, measured: Sequence[tuple[float, float]]) -> Row:
    speeds = [speed for speed, _ in measured]
    return {
        "replicas": count, "answers_per_s": median(speeds), "slowest": min(speeds), "fastest": max(speeds),
        "first_word_s": median(first for _, first in measured),
    }  # fmt: skip


def _draw(axes: Any, rows: list[Row]) -> None:
    axes.bar([str(row["replicas"]) for row in rows], [row["answers_per_s"] for row in rows])
    axes.set(xlabel="replicas", ylabel="answers a second")
