"""LLaVA-Mini's turns: ours against pre-fusion frame by frame, redone each turn, as the original does it."""

import copy
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import psutil
import torch
import typer

from bench.asking import FIRST, SECOND, two_turns
from bench.random_model import random_llava_mini
from bench.results import GB, RESULTS, Out, Row, publish
from bench.stored_film import stored_film
from bench.turns import draw
from llamavid_demo.chat.encoded_section import encode_section, open_cache
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.progress import finish
from llamavid_demo.film import Movie
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.model.prompt import FRAME, Word
from llamavid_demo.settings import Settings

Turns = list[tuple[str, str | None]]
NEVER = 1 << 20  # seconds: no cues, as the original knows none
COLUMNS = {
    "answers": "{answers}",
    "frames": "{frames}",
    "turn 1, frame by frame": "{anew_1_s:.2f} s",
    "ours": "{ours_1_s:.2f} s",
    "ratio": "{turn_1_ratio:.2f}",
    "turn 2, frame by frame": "{anew_2_s:.2f} s",
    "anew, batched": "{batched_2_s:.2f} s",
    "ours ": "{ours_2_s:.3f} s",
    "of the loop": "{turn_2_ratio:.3f}",
    "of batched": "{turn_2_of_batched:.3f}",
    "memory": "{memory_gb:.2f} GB",
}


def fusion(
    frames: Annotated[list[int], typer.Argument(help="Lengths of films.")] = (30, 60, 120),  # type: ignore
    out: Out = RESULTS,
) -> None:
    """LLaVA-Mini: first token of turns 1 and 2, against frames one by one and everything read again."""
    model = random_llava_mini()
    plain = replace(model, network=copy.deepcopy(model.network))  # copies are not packed for a CPU
    measure(model, plain, min(frames), "fused")  # warms up
    rows = [measure(model, plain, length, answers) for answers in ("fused", "raw") for length in frames]
    fused = [row for row in rows if row["answers"] == "fused"]
    publish("fusion", rows, COLUMNS, lambda axes: draw(axes, fused), out=out)


def measure(model: LoadedLlavaMini, plain: LoadedLlavaMini, frames: int, answers: str) -> Row:
    """Seconds to the first tokens about a film of so many frames, patches being stored on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, frames, Path(folder), cue_every=NEVER)
        settings = settings.model_copy(update={"answers": answers})
        ours = two_turns(model, movie, settings, PrefixCache(1 << 34))
        memory = psutil.Process().memory_info().rss
        second: Turns = [(FIRST, ours.answer), (SECOND, None)]
        anew_1, anew_2, batched_2 = (
            first_token_s(plain, movie, settings, turns, frames_at_once=batch)
            for turns, batch in (([(FIRST, None)], 1), (second, 1), (second, 32))
        )
    return {
        "answers": answers,
        "frames": frames,
        "anew_1_s": anew_1,
        "ours_1_s": ours.turn_1_s,
        "turn_1_ratio": ours.turn_1_s / anew_1,
        "anew_2_s": anew_2,
        "batched_2_s": batched_2,
        "ours_2_s": ours.turn_2_s,
        "turn_2_ratio": ours.turn_2_s / anew_2,
        "turn_2_of_batched": ours.turn_2_s / batched_2,
        "memory_gb": memory / GB,
    }


@in_own_thread
@torch.inference_mode()
def first_token_s(
    model: LoadedLlavaMini, movie: Movie, settings: Settings, turns: Turns, *, frames_at_once: int
) -> float:
    """Seconds to the first token when all is computed anew: each batch of frames with the whole text in one pass."""
    section = finish(encode_section(model, movie, movie.sections[0], open_cache(settings)))
    prompt, network = model.section_prompt(section.texts(model)), model.network
    answers = settings.answers or model.config.answers
    opening = prompt.ids[: prompt.ids.index(FRAME)]
    began = time.perf_counter()
    words = [*(Word(token, fused=True) for token in opening), *model.words(prompt.last_cues, turns, answers=answers)]
    table = network.llama.get_input_embeddings()
    text = table(torch.tensor([word.id for word in words]))
    slots = torch.tensor([word.fused for word in words])
    total, compressed = torch.zeros(()), []
    for patches in section.batches(frames_at_once):
        visual = network.visual_rows(patches.float())
        rows, _ = network.prefusion(torch.cat([visual, text[slots].expand(len(visual), -1, -1)], dim=1))
        total = total + rows[:, visual.shape[1] :].sum(dim=0)
        compressed.append(rows[:, visual.shape[1] - model.config.tokens_per_frame : visual.shape[1]].flatten(0, 1))
    text[slots] = total / len(section.times)
    embeds = torch.cat([text[: len(opening)], *compressed, text[len(opening) :]])
    network.llama.generate(inputs_embeds=embeds[None], max_new_tokens=1, do_sample=False, pad_token_id=0).tolist()
    return time.perf_counter() - began
