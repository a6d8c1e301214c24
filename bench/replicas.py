"""Answers a second of two replicas on Ray Serve against one, on this machine; for each row Ray starts anew."""

import os
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.results import RESULTS, Out, Row, publish
from llamavid_demo.chat.replica_chat import ReplicaChat
from llamavid_demo.chat.replicas import RayReplicas
from llamavid_demo.film import load_movie
from llamavid_demo.settings import ROOT, Settings

QUESTIONS = ("Where does the film begin?", "What happens next?", "Who is in the film?", "What is the weather like?")
COLUMNS = {
    "replicas": "{replicas}",
    "cores each": "{cores}",
    "started in": "{started_s:.0f} s",
    "answers": "{answers_per_s:.2f} a second",
    "first word": "{first_word_s:.2f} s",
    "against the first row": "{ratio:.2f}×",
}


def replicas(
    visitors: Annotated[int, typer.Option(help="Conversations at once, each about a film of its own.")] = 12,
    out: Out = RESULTS,
) -> None:
    """Replicas on Ray Serve: answers a second of one with one core, of one with all, and of two that share them."""
    cores = psutil.cpu_count() or 1
    ways = [(1, 1), (1, cores), (2, max(1, cores // 2))]
    rows = list[Row]()
    for count, threads in ways:
        rows.append({"replicas": count, "cores": threads, **_measured(count, threads, visitors)})
        rows[-1]["ratio"] = rows[-1]["answers_per_s"] / rows[0]["answers_per_s"]
    load = [round(value, 1) for value in os.getloadavg()]
    publish("replicas", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out, visitors=visitors, load_average=load)


def _measured(count: int, threads: int, visitors: int) -> Row:
    os.environ["OMP_NUM_THREADS"] = str(threads)  # of replicas, which inherit it
    film = load_movie(ROOT / "movies" / "the-lost-map")
    name = "llama-vid-tiny"
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(model=str(ROOT / "assets" / name), cache_dir=Path(folder), replicas=count, device="cpu")
        began = time.perf_counter()
        behind = RayReplicas(settings, {name: settings})
        try:
            behind.start()
            model = behind.outline(name)
            started = time.perf_counter() - began
            films = [replace(film, slug=f"film-{number}") for number in range(visitors)]  # routed apart
            chats = [ReplicaChat(model, film, name=name, replicas=behind, settings=settings) for film in films]
            for chat in chats:  # the section is read
                chat.ask(QUESTIONS[0]).finish()
            first = list[float]()
            began = time.perf_counter()
            talks = [threading.Thread(target=_talk, args=(chat, first)) for chat in chats]
            for talk in talks:
                talk.start()
            for talk in talks:
                talk.join()
            took = time.perf_counter() - began
        finally:
            behind.close()
    asked = visitors * len(QUESTIONS)
    assert len(first) == asked
    return {"started_s": started, "answers_per_s": asked / took, "first_word_s": sum(first) / asked}


def _talk(chat: ReplicaChat, first: list[float]) -> None:
    for question in QUESTIONS:
        turn = chat.ask(question).finish()
        assert turn.stats
        first.append(turn.stats.ttft_s)


def _draw(axes: Any, rows: list[Row]) -> None:
    axes.bar([f"{row['replicas']} × {row['cores']} cores" for row in rows], [row["answers_per_s"] for row in rows])
    axes.set(xlabel="replicas", ylabel="answers a second")
