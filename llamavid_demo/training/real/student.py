"""The network that a stage begins with: a LLaMA-VID from a folder, its LLaMA in 4 bits with LoRA if so wanted.

What is frozen has the type that it is computed in; what learns is float32.
"""

import importlib.util
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn

from llamavid_demo.errors import TrainingError
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.base import base_tensors, find_base
from llamavid_demo.model.files import CheckpointFiles, find_checkpoint, find_folder, read_json, read_shapes
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.load import empty_network, file_config, released_tensors
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer, VidTokenizer, read_tokenizer
from llamavid_demo.model.lora import ADAPTER, is_lora
from llamavid_demo.model.placement import Placement, choose_placement
from llamavid_demo.model.preprocessor import read_preprocessor
from llamavid_demo.model.weights import Quantize, check_weights, fill, fingerprint
from llamavid_demo.training.real.adapter import add_adapter
from llamavid_demo.training.real.beginning import is_plain_llama, new_config, new_tensors
from llamavid_demo.training.real.stages import RealStage, staged_config

_PROJECTOR = "model.mm_projector."


@dataclass(frozen=True)
class Student:
    """A network that learns, with what prepares its input, and where it came from."""

    network: LlamaVid
    tokenizer: VidTokenizer
    guide_tokenizer: GuideTokenizer
    frame_format: FrameFormat
    mean: tuple[float, ...]
    std: tuple[float, ...]
    files: CheckpointFiles
    placement: Placement
    lora: bool
    name: str  # of the weights that it began with

    @property
    def learning(self) -> dict[str, nn.Parameter]:
        """The parameters that learn, by name."""
        return {name: p for name, p in self.network.named_parameters() if p.requires_grad}


def begin(
    folder: str | Path,
    stage: RealStage,
    *,
    lora: bool,
    seed: int = 0,
    quantization: str | None = None,
    device: str | None = None,
    vision_tower: Path | None = None,
    bert: Path | None = None,
    base: str | None = None,
) -> Student:
    """The network of a folder, ready for a stage. Raises `ModelError`, and `TrainingError` where it cannot begin."""
    folder = find_folder(folder)
    check_base(folder, stage, lora=lora, quantization=quantization)
    cuda = device is None or torch.device(device).type == "cuda"
    dtype = "bfloat16" if cuda and torch.cuda.is_available() else "float32"
    placement = choose_placement(device, dtype, quantization if lora else "none")
    files = find_checkpoint(folder, vision_tower=vision_tower, bert=bert)
    fresh = is_plain_llama(folder)
    config = staged_config(new_config(files) if fresh else file_config(files), stage)
    network = empty_network(config)
    tensors = partial(new_tensors, files, config, seed=seed) if fresh else partial(_tensors, files, config, base)
    check_weights(network, tensors(), f"{folder} does not fit a LLaMA-VID.")
    _fill(network, tensors(), placement)
    network.eval().requires_grad_(False)
    if lora:
        home = read_json(folder / ADAPTER)["base_model_name_or_path"] if is_lora(folder) else str(folder.resolve())
        add_adapter(network.llama, home, saved=folder if is_lora(folder) else None, seed=seed)
    _let_learn(network, stage, lora=lora)
    frame_format, mean, std = read_preprocessor(folder, config.vision.image)
    return Student(
        network, read_tokenizer(folder), GuideTokenizer(files.bert / "vocab.txt"), frame_format, mean, std,
        files, placement, lora, fingerprint(files.weights),
    )  # fmt: skip


def check_base(folder: Path, stage: RealStage, *, lora: bool, quantization: str | None) -> None:
    """Raises `TrainingError` when a stage cannot begin with a folder, or not in this way."""
    if lora and importlib.util.find_spec("peft") is None:
        raise TrainingError("--lora needs peft: pip install peft.")
    kind = read_json(folder / "config.json").get("model_type")
    if kind == "llava_mini_llama":
        raise TrainingError(
            f"{folder} holds a LLaVA-Mini, whose stages train a network of other parts that is not trained here: "
            "give a LLaMA-VID with --base."
        )
    projectors = kind == "llava" and any(
        key.startswith(_PROJECTOR) for path in find_checkpoint(folder).shards for key in read_shapes(path)
    )
    if not projectors and not (kind == "llama" and stage.number == 1):
        raise TrainingError(
            f"Stage {stage.number} ({stage.title}) cannot begin with {folder}, which has no projectors: "
            "give a LLaMA-VID with --base, such as a release or what stage 1 made of a LLaMA."
        )
    if not lora and quantization not in (None, "none"):
        raise TrainingError(f"Weights in {quantization} cannot learn: add --lora, or leave --quantization out.")
    if not lora and is_lora(folder):
        raise TrainingError(f"{folder} is a LoRA release: go on from it with --lora.")


def _tensors(files: CheckpointFiles, config: LlamaVidConfig, base: str | None) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors of a LLaMA-VID's folder under our names; of a LoRA release without its adapter."""
    parts = released_tensors(files, config.vision)
    if not is_lora(files.folder):
        return parts
    named = read_json(files.folder / ADAPTER).get("base_model_name_or_path") or ""
    return chain(parts, base_tensors(find_base(named, base)))


def _fill(network: LlamaVid, tensors: Iterator[tuple[str, torch.Tensor]], placement: Placement) -> None:
    quantize: Quantize | None = None
    if placement.quantization:
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from llamavid_demo.model.quantization import prepare, quantized_weight  # bitsandbytes imports slowly

        prepare(network.llama, placement.quantization, placement.dtype)
        quantize = quantized_weight
    fill(network, tensors, placement, quantize)


def _let_learn(network: LlamaVid, stage: RealStage, *, lora: bool) -> None:
    llama: Any = network.llama
    for name, parameter in network.named_parameters():
        of_adapter = ".lora_" in name
        if name.startswith(stage.learns) and (of_adapter or not (lora and name.startswith("llama."))):
            parameter.data = parameter.data.float()
            parameter.requires_grad_(True)
    llama.set_attn_implementation("sdpa")
    on_card = next(network.parameters()).is_cuda
    llama.activation_checkpointing_enable(offload=on_card and stage.offload)  # layers are computed again for gradients
    llama.train()
