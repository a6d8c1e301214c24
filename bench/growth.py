"""Memory and time as films grow, up to two hours: measured, and the power of the frames that each grows with."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psutil
import typer

from bench.asking import two_turns
from bench.processes import in_new_process
from bench.random_model import random_model
from bench.results import MB, RESULTS, Out, Row, publish
from bench.stored_film import described_film, stored_film
from llamavid_demo.chat import open_cache
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.model.allocator import peak_bytes

COLUMNS = {
    "frames": "{frames}",
    "tokens": "{prompt_tokens}",
    "prefix": "{prefix_mb:.1f} MB",
    "frame tokens": "{frame_tokens_mb:.1f} MB",
    "process at most": "{peak_mb:.0f} MB",
    "added by the film": "{added_mb:.0f} MB",
    "of that patches, mapped": "{patches_mb:.0f} MB",
    "making frame tokens": "{frame_tokens_s:.2f} s",
    "prefill": "{prefill_s:.2f} s",
    "turn 2": "{turn_2_s:.4f} s",
}
KEYS = ("prefix_mb", "frame_tokens_mb", "added_mb", "frame_tokens_s", "prefill_s", "turn_2_s")


def growth(
    frames: Annotated[list[int], typer.Argument(help="Lengths of films, two or more.")] = (  # type: ignore
        150, 300, 600, 1200, 2400, 4800, 7200,
    ),
    out: Out = RESULTS,
) -> None:  # fmt: skip
    """Memory and seconds of films from minutes to hours, each in a process of its own."""
    rows = [_point(length) for length in frames]
    powers = {key: power(frames, [row[key] for row in rows]) for key in KEYS}
    footers = {header: f"∝ frames^{powers[key]:.2f}" for header, text in COLUMNS.items() for key in KEYS if key in text}
    publish("growth", rows, COLUMNS, lambda axes: _draw(axes, rows, powers), out=out, footers=footers, powers=powers)


def measure(frames: int, folder: Path) -> Row:
    """Figures of a film whose patches are stored in the folder; the peak is that of this process."""
    movie, settings = described_film(frames, folder)
    model, prefixes = random_model(), PrefixCache(1 << 36)
    before = psutil.Process().memory_info().rss
    seen = two_turns(model, movie, settings, prefixes)
    disk = {kind: sum(entry.nbytes for entry in open_cache(settings).entries() if entry.kind == kind)
            for kind in ("patches", "tokens")}  # fmt: skip
    return {
        "frames": frames,
        "prompt_tokens": seen.prompt_tokens,
        "prefix_mb": prefixes.nbytes / MB,
        "frame_tokens_mb": disk["tokens"] / MB,
        "peak_mb": peak_bytes() / MB,
        "added_mb": (peak_bytes() - before) / MB,
        "patches_mb": disk["patches"] / MB,
        "frame_tokens_s": seen.frame_tokens_s,
        "prefill_s": seen.prefill_s,
        "turn_2_s": seen.turn_2_s,
    }


def power(frames: Sequence[int], figures: Sequence[float]) -> float:
    """The power of the frames that figures grow with: slope of a line through their logarithms."""
    return float(np.polyfit(np.log(frames), np.log(figures), 1)[0])


def _point(frames: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        in_new_process(_store, frames, Path(folder))
        return in_new_process(measure, frames, Path(folder))


def _store(frames: int, folder: Path) -> None:
    stored_film(random_model(), frames, folder)


def _draw(axes: Any, rows: list[Row], powers: dict[str, float]) -> None:
    frames = np.array([row["frames"] for row in rows])
    for key, slope in powers.items():
        figures = np.array([row[key] for row in rows])
        label = f"{key.rpartition('_')[0].replace('_', ' ')}, {key.rpartition('_')[2]}: {slope:.2f}"
        axes.plot(frames, figures / figures[0], marker=".", label=label)
    axes.plot(frames, frames / frames[0], "k:", label="linear: 1")
    axes.set(xscale="log", yscale="log", xlabel="frames", ylabel=f"times that of {frames[0]} frames")
    axes.legend(fontsize=8, title="power of the frames")
