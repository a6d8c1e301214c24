"""First token of a first and a second turn, ours against everything read again as the original demo does.

Ours with the first question's context tokens, as the original has it, and with a second look at each question.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.asking import FIRST, SECOND, two_turns
from bench.random_model import random_model
from bench.results import GB, RESULTS, Out, Row, publish
from bench.stateless import Stateless
from bench.stored_film import stored_film
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.model.loaded import LoadedModel

COLUMNS = {
    "frames": "{frames}",
    "turn 1 anew": "{anew_1_s:.2f} s",
    "ours": "{ours_1_s:.2f} s",
    "ratio": "{turn_1_ratio:.2f}",
    "turn 2 anew": "{anew_2_s:.2f} s",
    "ours ": "{ours_2_s:.4f} s",
    "faster": "{turn_2_faster:.0f}×",
    "second look": "{ahead_2_s:.4f} s",
    "faster ": "{ahead_2_faster:.0f}×",
    "memory": "{memory_gb:.2f} GB",
}


def turns(
    frames: Annotated[list[int], typer.Argument(help="Lengths of films.")] = (150, 300, 600, 1800),  # type: ignore
    out: Out = RESULTS,
) -> None:
    """First token of turns 1 and 2, against everything read again."""
    model = random_model()
    measure(model, min(frames))  # warms up
    rows = [measure(model, length) for length in frames]
    publish("turns", rows, COLUMNS, lambda axes: draw(axes, rows), out=out)


def measure(model: LoadedModel, frames: int) -> Row:
    """Seconds to the first tokens about a film of so many frames; the same questions on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, frames, Path(folder))
        ours = two_turns(model, movie, settings, PrefixCache(1 << 34))
        ahead = two_turns(model, movie, settings.model_copy(update={"guide": "ahead"}), PrefixCache(1 << 34))
        memory, anew = psutil.Process().memory_info().rss, Stateless.of(model, movie, settings)
        anew_1 = anew.first_token_s([(FIRST, None)])
        anew_2 = anew.first_token_s([(FIRST, ours.answer), (SECOND, None)])
    return {
        "frames": frames,
        "anew_1_s": anew_1,
        "ours_1_s": ours.turn_1_s,
        "turn_1_ratio": ours.turn_1_s / anew_1,
        "anew_2_s": anew_2,
        "ours_2_s": ours.turn_2_s,
        "turn_2_faster": anew_2 / ours.turn_2_s,
        "ahead_2_s": ahead.turn_2_s,
        "ahead_2_faster": anew_2 / ahead.turn_2_s,
        "memory_gb": memory / GB,
    }


def draw(axes: Any, rows: list[Row]) -> None:
    """Seconds to the first token of both turns by frames, ours and anew."""
    for key, label, style in (
        ("anew_1_s", "turn 1, anew", "C1--"),
        ("anew_2_s", "turn 2, anew", "C1-"),
        ("ours_1_s", "turn 1, ours", "C0--"),
        ("ours_2_s", "turn 2, ours", "C0-"),
        ("ahead_2_s", "turn 2, ours, with a second look", "C2-"),
    ):
        axes.plot([row["frames"] for row in rows], [row[key] for row in rows], style, marker=".", label=label)
    axes.set(xscale="log", yscale="log", xlabel="frames", ylabel="seconds to the first token")
    axes.legend()
