"""The comparison that both papers make, at our scale: what a frame costs with each kind of tokens, and what it buys."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from llamavid_demo.embedded import ROOT
from llamavid_demo.evaluation.evaluate import SHORT_FILMS, Report, evaluate_modes, evaluation_film, films_of
from llamavid_demo.evaluation.greedy import begin, read_section
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import NO_GUIDE, LoadedModel
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.model.plan import fused_bytes_per_frame, kv_bytes_per_token
from llamavid_demo.storybook.frame_cues import frame_times
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.storybook.shots import film_frames

EMBEDDED = tuple(ROOT / "assets" / name for name in ("llama-vid-tiny", "llava-mini-tiny"))
MODES = ("full", "content only", "context only")  # of a LLaMA-VID with two tokens a frame
MINUTE = 60  # frames


@dataclass(frozen=True)
class Compared:
    """One kind of frame tokens: what it costs a frame (tokens, bytes), its times in seconds, how often it is right.

    `read_s` is what a minute of film takes from pixels to the end of its prefix, `first_token_s` a question then; None
    for a mode in which one model goes without a token: it takes as long as with it.
    """

    name: str
    tokens: int
    frame_bytes: int
    read_s: float | None
    first_token_s: float | None
    scores: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return {**vars(self)}


def compare(
    folders: Sequence[Path], films: int, seed: int, *, kind: FilmKind = SHORT_FILMS, report: Report | None = None
) -> list[Compared]:
    """Ask every model of `folders` about the same films; LLaMA-VID also with one kind of its two tokens only.

    Raises `ModelError`.
    """
    rows: list[Compared] = []
    for number, folder in enumerate(folders):
        model = load_model(folder)
        modes = ("full",) if model.config.guide == NO_GUIDE or model.config.tokens_per_frame > 2 else MODES

        def tell(done: int, total: int, before: int = number) -> None:
            if report:
                report(before * total + done, len(folders) * total)

        scored = evaluate_modes(model, films, seed, kind=kind, answers={mode: [] for mode in modes}, report=tell)
        times, size = minute_s(model, seed), model.dtype.itemsize
        for mode in modes:
            tokens = model.config.tokens_per_frame if mode == "full" else 1
            frame_bytes = tokens * kv_bytes_per_token(model.config, size) + fused_bytes_per_frame(model.config, size)
            name = folder.name if mode == "full" else f"{folder.name}, {mode}"
            read_s, first_s = times if mode == "full" else (None, None)
            rows.append(Compared(name, tokens, frame_bytes, read_s, first_s, scored[mode]))
    return rows


@in_own_thread
@torch.inference_mode()
def minute_s(model: LoadedModel, seed: int) -> tuple[float, float]:
    """Seconds to read a minute of film, and to the first token of an answer about it; the second of two runs."""
    script, asked = evaluation_film(seed, 0, films_of(1))
    frames = film_frames(script, model.frame_format)[:MINUTE]
    cues, question = [Cue(*cue) for cue in script.cues()], asked[0]
    prompt = model.section_prompt(model.texts(cues, frame_times(script))[: len(frames)])
    words = model.words(prompt.last_cues, [(question.text, None)], answers=model.config.answers)
    for _ in range(2):
        began = time.perf_counter()
        patches = torch.cat([model.patches(frames[start : start + 32]) for start in range(0, len(frames), 32)])
        section = read_section(model, prompt, question.text, patches)
        read = time.perf_counter()
        begin(model, section, words)
        answered = time.perf_counter()
    return read - began, answered - read
