"""First token of a first and a second turn: ours by guide, a peer that copies its prefix, and everything read again.

Ours with the first question's context tokens, as the original has it; with a second look at each question, of which
the attention over the film is told apart; and with the film read anew for each, by the same engine. The original demo
reads all anew; Hugging Face's own way to keep a prefix copies it for each conversation.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from bench.asking import FIRST, SECOND, new_prefixes, second_turn_over_prefix_s, two_turns
from bench.copied_prefix import CopiedPrefix
from bench.random_model import random_model
from bench.results import GB, RESULTS, Out, Row, publish
from bench.stateless import Stateless, Turns
from bench.stored_film import stored_film
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.settings import Settings

ROUNDS = 3  # of what takes milliseconds; the median counts
COLUMNS = {
    "frames": "{frames}",
    "turn 1 anew": "{anew_1_s:.2f} s",
    "ours": "{ours_1_s:.2f} s",
    "ratio": "{turn_1_ratio:.2f}",
    "turn 2 anew": "{anew_2_s:.2f} s",
    "copied": "{copied_2_s:.3f} s",
    "every": "{every_2_s:.2f} s",
    "first": "{ours_2_s:.4f} s",
    "than anew": "{turn_2_faster:.0f}×",
    "ahead": "{ahead_2_s:.4f} s",
    "than anew ": "{ahead_2_faster:.0f}×",
    "than every": "{ahead_2_than_every:.0f}×",
    "over film": "{ahead_prefix_s:.4f} s",
    "rest": "{ahead_rest_s:.4f} s",
    "reads": "{ahead_2_read} ≤ {ahead_2_allowed}",
    "memory": "{memory_gb:.2f} GB",
}


def turns(
    frames: Annotated[list[int], typer.Argument(help="Lengths of films.")] = (150, 300, 600, 1800, 3600),  # type: ignore
    out: Out = RESULTS,
) -> None:
    """First token of turns 1 and 2, against everything read again and against a copied prefix."""
    model = random_model()
    measure(model, min(frames))  # warms up
    rows = [measure(model, length) for length in frames]
    publish("turns", rows, COLUMNS, lambda axes: draw(axes, rows), out=out)


def measure(model: LoadedLlamaVid, frames: int) -> Row:
    """Seconds to the first tokens about a film of so many frames; the same questions on all sides."""
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, frames, Path(folder))
        ours = two_turns(model, movie, settings)
        memory = psutil.Process().memory_info().rss
        ahead = _ahead(model, movie, settings.model_copy(update={"guide": "ahead"}))
        every = two_turns(model, movie, settings.model_copy(update={"guide": "every"}))
        second: Turns = [(FIRST, ours.answer), (SECOND, None)]
        anew = Stateless.of(model, movie, settings)
        copied = CopiedPrefix.of(anew, FIRST)
        copied_2 = statistics.median(copied.first_token_s(second) for _ in range(ROUNDS))
        del copied  # another prefix in memory
        anew_1, anew_2 = anew.first_token_s([(FIRST, None)]), anew.first_token_s(second)
    return {
        "frames": frames,
        "anew_1_s": anew_1,
        "ours_1_s": ours.turn_1_s,
        "turn_1_ratio": ours.turn_1_s / anew_1,
        "anew_2_s": anew_2,
        "copied_2_s": copied_2,
        "every_2_s": every.turn_2_s,
        "ours_2_s": ours.turn_2_s,
        "turn_2_faster": anew_2 / ours.turn_2_s,
        **ahead,
        "ahead_2_faster": anew_2 / ahead["ahead_2_s"],
        "ahead_2_than_every": every.turn_2_s / ahead["ahead_2_s"],
        "memory_gb": memory / GB,
    }


def _ahead(model: LoadedLlamaVid, movie: Movie, settings: Settings) -> Row:
    """Figures of a second turn with its second look, and the part of attention over the film in them.

    `ahead_2_allowed` is what it is to read at most: its words, the frames that it looks at, and eight. The first answer
    is among the words, as one of random weights is read in other pieces than it was written.
    """
    prefixes = new_prefixes()
    seen = [two_turns(model, movie, settings, prefixes) for _ in range(ROUNDS)]
    over_prefix = [second_turn_over_prefix_s(model, movie, settings, prefixes) for _ in range(ROUNDS)]
    first_token, attention = (statistics.median(times) for times in ([turn.turn_2_s for turn in seen], over_prefix))
    words = model.tokenizer.encode(f" {seen[0].answer}</s>USER: {SECOND} ASSISTANT:")
    looked = min(settings.look_frames, len(movie.sections[0].seconds))
    return {
        "ahead_2_s": first_token,
        "ahead_prefix_s": attention,
        "ahead_rest_s": first_token - attention,
        "ahead_2_read": seen[0].turn_2_read,
        "ahead_2_allowed": len(words) + looked + 8,
    }


def draw(axes: Any, rows: list[Row]) -> None:
    """Seconds to the first token of both turns by frames, ours and others'; what the rows have of them."""
    for key, label, style in (
        ("anew_1_s", "turn 1, anew", "C1--"),
        ("anew_2_s", "turn 2, anew", "C1-"),
        ("every_2_s", "turn 2, ours, anew", "C4-"),
        ("copied_2_s", "turn 2, prefix copied", "C3-"),
        ("ours_1_s", "turn 1, ours", "C0--"),
        ("ours_2_s", "turn 2, ours", "C0-"),
        ("ahead_2_s", "turn 2, ours, with a second look", "C2-"),
        ("ahead_rest_s", "the same without attention over the film", "C2:"),
    ):
        if key in rows[0]:
            axes.plot([row["frames"] for row in rows], [row[key] for row in rows], style, marker=".", label=label)
    axes.set(xscale="log", yscale="log", xlabel="frames", ylabel="seconds to the first token")
    axes.legend(fontsize=7)
