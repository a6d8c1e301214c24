"""Many visitors at once for minutes, over HTTP: how their questions end, who waits, what the server comes to hold."""

import asyncio
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from rich.console import Console

from bench.results import MB, RESULTS, Out, Row, publish
from bench.served import Served, served
from bench.tab import API, Layout
from bench.visitors import PATIENCE, QUESTIONS, Asked, Visitor
from llamavid_demo.embedded import ROOT, embedded

OUTCOMES = ("whole", "stopped", "left", "busy", "error")
COLUMNS = {
    "door": "{door}",
    "questions": "{questions}",
    **{outcome: f"{{{outcome}}}" for outcome in OUTCOMES},
    "first word, p50": "{p50_s:.2f} s",
    "p95": "{p95_s:.2f} s",
    "p95 / p50": "{ratio:.1f}",
}
WINDOW = 10.0  # seconds that memory is averaged over
SETTLING = 60.0  # seconds in which what visitors left may go
MOST_UNFAIR = 5.0  # times p50 that p95 of the first words may be
MOST_GROWTH = 0.10  # of memory after the first minute


def load(
    visitors: Annotated[int, typer.Option(help="How many come and go at once.")] = 32,
    minutes: Annotated[float, typer.Option(help="For how long.")] = 10,
    model: Annotated[Path | None, typer.Option(help="Checkpoint folder; else the one that starts here.")] = None,
    movies: Annotated[Path, typer.Option(help="Folder of films.")] = ROOT / "movies",
    read_first: Annotated[bool, typer.Option(help="Have every section read before they come.")] = True,
    pause: Annotated[float, typer.Option(help="Mean seconds between a visitor's questions.")] = 3,
    seed: Annotated[int, typer.Option(help="Of what visitors do.")] = 0,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 on errors, unfairness or growth.")] = False,
    out: Out = RESULTS,
) -> None:
    """Visitors ask, stop, bring films and leave in the middle: errors, fairness, memory, files that stay."""
    with tempfile.TemporaryDirectory() as folder:
        clips = [_clip(Path(folder) / f"clip-{seconds}.mp4", seconds) for seconds in (4, 6, 8)]
        chosen = {"model": model or embedded().folder, "movies": movies, "models": Path(folder) / "none"}
        with served(Path(folder) / "server", **chosen) as server:
            seen = asyncio.run(
                _visited(server, visitors, minutes * 60, clips, read_first=read_first, seed=seed, pause=pause)
            )
        log = server.log.read_text(encoding="utf-8", errors="replace")
    asked = [asdict(one) for one in seen["asked"]]
    rows = [_row(door, seen["asked"]) for door in (*sorted({one.door for one in seen["asked"]}), "all")]
    troubles = Counter([one.words for one in seen["asked"] if one.outcome == "error"] + seen["troubles"])
    held = {key: seen[key] for key in ("files_before", "files_most", "files_after", "before", "after")}
    held |= _growth(seen["samples"], minutes * 60)
    publish(
        "load", rows, COLUMNS, lambda axes: _draw(axes, seen["asked"], seen["samples"]), out=out, visitors=visitors,
        minutes=minutes, held=held, troubles=dict(troubles), tracebacks=log.count("Traceback"),
        samples=seen["samples"], asked=asked,
    )  # fmt: skip
    say = Console(width=160).print
    say(f"Memory {held['first_mb']:.0f} MB after the first minute, {held['last_mb']:.0f} MB at the end: "
        f"{held['growth']:+.1%}.")  # fmt: skip
    say(f"Files of visitors: {held['files_before']} before, {held['files_most']} at most, {held['files_after']} after. "
        f"Threads and open files: {held['before']} before, {held['after']} after.")  # fmt: skip
    say(f"Tracebacks in the server's log: {log.count('Traceback')}. Troubles: {dict(troubles) or 'none'}")
    if check and (found := faults(rows[-1], held, troubles, log.count("Traceback"))):
        say(f"Not as promised: {'; '.join(found)}.")
        raise typer.Exit(1)


def faults(row: Row, held: Row, troubles: Mapping[str, int], tracebacks: int) -> list[str]:
    """What is not as issue 18 promises it, by the row of all doors and what the server `held`."""
    found = [f"{row['error']} questions ended in an error"] * bool(row["error"])
    found += [f"{sum(troubles.values())} troubles"] * bool(troubles)
    found += [f"{tracebacks} tracebacks"] * bool(tracebacks)
    if row["ratio"] is None:
        found.append("nobody had an answer")
    elif row["ratio"] > MOST_UNFAIR:
        found.append(f"p95 of the first words is {row['ratio']:.1f} times p50, more than {MOST_UNFAIR:g}")
    if held["growth"] > MOST_GROWTH:
        found.append(f"memory grew by {held['growth']:.0%}, more than {MOST_GROWTH:.0%}")
    if held["files_after"] > held["files_before"]:
        found.append(f"{held['files_after'] - held['files_before']} files stayed")
    return found


async def _visited(
    server: Served,
    visitors: int,
    seconds: float,
    clips: list[Path],
    *,
    read_first: bool,
    seed: int,
    pause: float,
) -> dict[str, Any]:
    """All that was seen from the first visitor's coming until what they left has gone."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=visitors)
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE, limits=limits) as client:
        layout = Layout((await client.get("/config")).raise_for_status().json())
        films = await _films(client)
        if read_first:
            await _read(client, films)
        crowd = [
            Visitor(client, layout, films, clips, seed=1000 * seed + number, pause=pause) for number in range(visitors)
        ]
        files, before, samples = server.visitors_files(), _counted(server), list[Row]()
        began = time.monotonic()
        watching = asyncio.create_task(_watch(server, samples, began))
        await asyncio.gather(*(visitor.stay(began, seconds) for visitor in crowd))
        watching.cancel()
    over = time.monotonic()
    while server.visitors_files() > files and time.monotonic() - over < SETTLING:
        await asyncio.sleep(1)
    return {
        "asked": [one for visitor in crowd for one in visitor.asked],
        "troubles": [words for visitor in crowd for words in visitor.troubles],
        "samples": samples, "before": before, "after": _counted(server), "files_before": files,
        "files_most": max(sample["files"] for sample in samples), "files_after": server.visitors_files(),
    }  # fmt: skip


async def _films(client: httpx.AsyncClient) -> dict[str, int]:
    """Number of sections by film, once the model is there."""
    while (await client.get("/healthz")).status_code != 200:
        await asyncio.sleep(0.5)
    return {film["slug"]: len(film["sections"]) for film in await _called(client, "films")}


async def _read(client: httpx.AsyncClient, films: dict[str, int]) -> None:
    """Have every section read, as on a server that was up for a while."""
    for film, sections in films.items():
        for section in range(sections):
            await _called(client, "ask", film, section, QUESTIONS[0], [], "", 0, 1, 1, None, None, "both", "any", 1)


async def _called(client: httpx.AsyncClient, name: str, *given: Any) -> Any:
    """What an endpoint of Gradio gives in the end."""
    begun = (await client.post(f"{API}/call/{name}", json={"data": given})).raise_for_status().json()
    told = (await client.get(f"{API}/call/{name}/{begun['event_id']}")).raise_for_status().text
    return json.loads(told.rpartition("event: complete\ndata: ")[2].splitlines()[0])[0]


async def _watch(server: Served, samples: list[Row], began: float) -> None:
    while True:
        memory = {"resident_mb": server.resident / MB, "children_mb": server.resident_children / MB}
        samples.append({"s": time.monotonic() - began, **memory, "files": server.visitors_files()})
        await asyncio.sleep(1)


def _counted(server: Served) -> dict[str, int]:
    return {"threads": server.process.num_threads(), "open files": server.process.num_fds()}


def _row(door: str, asked: list[Asked]) -> Row:
    mine = [one for one in asked if door in (one.door, "all")]
    ended, firsts = Counter(one.outcome for one in mine), [one.first for one in mine if one.first is not None]
    p50, p95 = np.percentile(firsts, (50, 95)).tolist() if firsts else (None, None)
    return {
        "door": door, "questions": len(mine), **{outcome: ended[outcome] for outcome in OUTCOMES},
        "p50_s": p50, "p95_s": p95, "ratio": p95 / p50 if firsts else None,
    }  # fmt: skip


def _growth(samples: list[Row], seconds: float) -> Row:
    """Memory (MB) at the end of the first minute, or of the first half of a shorter load, and at the end."""
    early = min(60.0, seconds / 2)

    def mean(until: float) -> float:
        return float(np.mean([one["resident_mb"] for one in samples if until - WINDOW <= one["s"] <= until]))

    first, last = mean(early), mean(samples[-1]["s"])
    return {"first_mb": first, "last_mb": last, "growth": last / first - 1}


def _clip(path: Path, seconds: int) -> Path:
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=5:duration={seconds}"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, "-pix_fmt", "yuv420p", path], check=True)
    return path


def _draw(axes: Any, asked: list[Asked], samples: list[Row]) -> None:
    for door in sorted({one.door for one in asked}):
        told = [one for one in asked if one.door == door and one.first is not None]
        axes.plot([one.began for one in told], [one.first for one in told], ".", markersize=3, label=door)
    axes.set(xlabel="seconds", ylabel="seconds to the first word", yscale="log")
    axes.legend(fontsize=8, loc="lower left")
    memory = axes.twinx()
    memory.plot([one["s"] for one in samples], [one["resident_mb"] for one in samples], "k", linewidth=1)
    memory.set(ylabel="memory of the server, MB", ylim=(0, None))
