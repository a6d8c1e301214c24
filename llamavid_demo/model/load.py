"""One loader for both systems, released or our own: what a folder's `config.json` says it is."""

import logging
import time
from pathlib import Path
from typing import Any

import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.allocator import keep_freed_memory, peak_bytes
from llamavid_demo.model.files import find_checkpoint, find_folder, read_json
from llamavid_demo.model.llama_vid import load as llama_vid
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.tokenizer import read_tokenizer
from llamavid_demo.model.llava_mini import load as llava_mini
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig, is_llava_mini
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.loaded import LoadedModel, ModelConfig, Network, TextTokenizer
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)


@in_own_thread
def load_model(
    name: str | Path,
    *,
    quantization: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    vision_tower: Path | None = None,
    bert: Path | None = None,
    vision_depth: int | None = None,
    base: str | None = None,
) -> LoadedModel:
    """Load a LLaMA-VID or a LLaVA-Mini from a folder in the released layout, or from the Hub.

    `quantization` is "4bit", "8bit" or "none" (None: 4bit on CUDA, on a CPU none where it fits); `device="auto"`
    spreads the LLaMA over all cards; `dtype` is that of the weights; `vision_tower` is the file or folder of a tower
    that is not among them; `base` is where a LoRA release's base is; `bert` and `vision_depth` are LLaMA-VID's alone
    (`load_llama_vid`).
    Raises `ModelError` that names whatever is missing, left over or of a wrong shape.
    """
    began = time.perf_counter()
    keep_freed_memory()
    where: dict[str, Any] = {
        "quantization": quantization,
        "device": device,
        "dtype": dtype,
        "vision_tower": vision_tower,
    }
    if _holds_llava_mini(find_folder(name)):
        model: LoadedModel = llava_mini.load_llava_mini(name, **where, base=base)
    else:
        model = llama_vid.load_llama_vid(name, **where, bert=bert, vision_depth=vision_depth, base=base)
    log.info("%s: loaded in %.1f s, with %s at most", name, time.perf_counter() - began, _peak(model.device))
    return model


def _peak(device: torch.device) -> str:
    """The most memory that this process has held by now, on a card and beside it."""
    held = [f"{torch.cuda.max_memory_allocated(device) / 1e9:.1f} GB on the card"] if device.type == "cuda" else []
    if beside := peak_bytes():
        held.append(f"{beside / 1e9:.1f} GB in memory")
    return " and ".join(held) or "memory that this system does not tell"


def read_outline(
    name: str | Path, *, vision_tower: Path | None = None, bert: Path | None = None
) -> tuple[ModelConfig, TextTokenizer]:
    """What a folder holds without its weights, of which only headers are read. Raises `ModelError`."""
    folder = find_folder(name)
    if _holds_llava_mini(folder):
        return llava_mini.file_config(llava_mini.find_llava_mini(folder, clip=vision_tower)), ChatTokenizer(folder)
    files = find_checkpoint(folder, vision_tower=vision_tower, bert=bert)
    return llama_vid.file_config(files), read_tokenizer(folder)


def empty_network(config: ModelConfig) -> Network:
    """The network of a config with its parameters on the meta device: shapes, no memory."""
    if isinstance(config, LlavaMiniConfig):
        return llava_mini.empty_llava_mini(config)
    if isinstance(config, LlamaVidConfig):
        return llama_vid.empty_network(config)
    raise TypeError(f"{config!r} is of neither system.")


def _holds_llava_mini(folder: Path) -> bool:
    """Whether a folder holds a LLaVA-Mini; otherwise it is a LLaMA-VID. Raises `ModelError` for any other network."""
    stated = read_json(folder / "config.json")
    if is_llava_mini(stated):
        return True
    if (kind := stated.get("model_type")) != "llava":
        raise ModelError(
            f"{folder} holds another network (its config.json says model_type {kind!r}): give a LLaMA-VID (llava) or "
            "a LLaVA-Mini (llava_mini_llama); `python -m llamavid_demo get --list` shows the public ones."
        )
    return False


def load_chosen_model(settings: Settings) -> LoadedModel:
    """Load the model that the settings name, where and how they say. Raises `ModelError`."""
    return load_model(
        settings.model,
        quantization=settings.quantization,
        device=settings.device,
        dtype=settings.dtype,
        vision_tower=settings.vision_tower,
        bert=settings.bert,
        base=settings.base,
    )
