"""Checkpoints of the releases' real sizes and layouts, of random weights, and what two questions cost with one."""

import json
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import torch
import typer
from rich.console import Console
from safetensors.torch import save_file

from bench.processes import in_new_process
from bench.results import GB, Row
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.film.sections import Section
from llamavid_demo.model.allocator import peak_bytes
from llamavid_demo.model.llama_vid import layout as vid_layout
from llamavid_demo.model.llama_vid import save as vid_save
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llava_mini import layout as mini_layout
from llamavid_demo.model.llava_mini import save as mini_save
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.load import empty_network, load_model, read_outline
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.model.plan import plan_section
from llamavid_demo.model.release_sizes import EIGHT_B, SEVEN_B
from llamavid_demo.settings import ROOT, Settings

SHARD = 2 << 30  # bytes: what memory holds of a checkpoint while it is written
WORDS = 1024  # ids that the small models' tokenizers know, and more than is ever sampled beyond them
SIZES = {"llama-vid": SEVEN_B, "llava-mini": EIGHT_B}
FIRST, SECOND = "What colour is the car?", "Where is the key?"


def full_size(
    system: Annotated[str, typer.Argument(help="llama-vid (7B) or llava-mini (8B).")],
    folder: Annotated[Path, typer.Argument(help="Where the checkpoint is, or is written: 17 GB.")],
    movie: Annotated[Path, typer.Option(help="Film, of which the first section is read.")] = (
        ROOT / "movies" / "the-lost-map"
    ),
    seconds: Annotated[int, typer.Option(help="So much of it.")] = 20,
    quantization: Annotated[str, typer.Option(help="4bit, 8bit or none.")] = "4bit",
) -> None:
    """Write a release's twin of random weights and ask it twice on the CPU: seconds, resident peak, `plan`'s figure."""
    if not (folder / "config.json").is_file():
        write_random(SIZES[system], folder)
    row = in_new_process(ask_twice, folder, movie, seconds=seconds, quantization=quantization)
    Console().print_json(data=row)


def write_random(config: LlamaVidConfig | LlavaMiniConfig, folder: Path, *, shard: int = SHARD, seed: int = 0) -> None:
    """Write a network of random weights in float16, in the released layout, shard by shard of at most so many bytes.

    A tensor depends on the seed and its name alone. Words are those of the embedded models; it says nothing else.
    """
    small = ROOT / "assets" / ("llava-mini-tiny" if isinstance(config, LlavaMiniConfig) else "llama-vid-tiny")
    network: Any = empty_network(config)
    folder.mkdir(parents=True, exist_ok=True)
    tower: Mapping[str, torch.Tensor] = {}
    if isinstance(config, LlavaMiniConfig):
        checkpoint, side = mini_layout.released_state(dict(network.named_parameters())), config.clip.image
        about = mini_save.released_config(config)
        kept = mini_save.TOKENIZER_FILES
    else:
        (checkpoint, tower), side = vid_layout.released_state(network.state_dict()), config.vision.image
        about, kept = vid_save.released_config(config), ("tokenizer.model", "tokenizer_config.json")
        shutil.copytree(small / "bert", folder / "bert", dirs_exist_ok=True)
    for name in kept:
        shutil.copyfile(small / name, folder / name)
    places = {}
    for number, part in enumerate(_shards(checkpoint, shard), start=1):
        name = f"model-{number:05}.safetensors"
        _save({key: _random(key, checkpoint[key], seed) for key in part}, folder / name)
        places |= dict.fromkeys(part, name)
    if tower:
        _save({key: _random(key, value, seed) for key, value in tower.items()}, folder / "eva_vit_g.safetensors")
    _write(folder / "model.safetensors.index.json", {"weight_map": places})
    _write(folder / "preprocessor_config.json", vid_save.preprocessor_config(FrameFormat(side, side, "crop")))
    _write(folder / "config.json", about)  # last: it says that all is there


def ask_twice(
    folder: Path, movie: Path, *, seconds: int, quantization: Literal["4bit", "8bit", "none"], tokens: int = 16
) -> Row:
    """Load a checkpoint on the CPU and ask two questions about the beginning of a film, of which nothing is kept.

    Seconds of each step, the process's resident peak and what `plan` reckons, in GB.
    """
    began = time.perf_counter()
    model = load_model(folder, device="cpu", quantization=quantization)
    loaded = time.perf_counter()
    film = load_movie(movie)
    film = replace(film, sections=(Section(0, 0.0, min(float(seconds), film.duration)),))
    with TemporaryDirectory() as cache:
        settings = Settings(model=str(folder), cache_dir=Path(cache), max_new_tokens=tokens)
        chat = MovieChat(model, film, settings=settings)
        read = time.perf_counter()
        first, second = chat.ask(FIRST).finish().stats, chat.ask(SECOND).finish().stats
    assert first and second
    config, _ = read_outline(folder)
    plan = plan_section(
        config, frames=first.frames, subtitle_tokens=max(0, first.prompt_tokens - first.frames), dtype=model.dtype,
        quantization=choose_placement("cpu", None, quantization).held, room=settings.frames_room,
    )  # fmt: skip
    return {
        "model": model.name,
        "quantization": quantization,
        "frames": first.frames,
        "load_s": loaded - began,
        "frames_s": read - loaded,
        "turn_1_s": first.ttft_s,
        "turn_2_s": second.ttft_s,
        "tokens_per_s": second.tokens_per_s,
        "resident_peak_gb": (peak_bytes() or 0) / GB,
        "planned_gb": plan.total_bytes / GB,
    }


def _shards(tensors: Mapping[str, torch.Tensor], most: int) -> Iterator[list[str]]:
    part: list[str] = []
    held = 0
    for key, value in tensors.items():
        if part and held + 2 * value.numel() > most:
            yield part
            part, held = [], 0
        part.append(key)
        held += 2 * value.numel()
    yield part


def _random(key: str, like: torch.Tensor, seed: int) -> torch.Tensor:
    """A tensor's values, float16: those of a norm are 1, rows of the head that no tokenizer knows are 0."""
    if key.endswith("weight") and like.dim() == 1:
        return torch.ones(like.shape, dtype=torch.float16)
    generator = torch.Generator().manual_seed(seed ^ zlib.crc32(key.encode()))
    value = torch.empty(like.shape, dtype=torch.float16).normal_(0, 0.02, generator=generator)
    if key == "lm_head.weight":
        value[:3] = value[WORDS:] = 0  # nor does an answer end before its longest
    return value


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    save_file(tensors, path, metadata={"format": "pt"})


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
