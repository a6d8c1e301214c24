"""Stage 1 from nothing but pretrained parts: a plain LLaMA, EVA's vision tower and InstructBLIP's Q-Former.

What lies between them is new. The Q-Former's file, from LAVIS, lies in the LLaMA's folder.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn

from llamavid_demo.errors import ModelError, TrainingError
from llamavid_demo.model.base import base_tensors
from llamavid_demo.model.files import CheckpointFiles, read_json, read_shapes, read_tensors
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, read_config
from llamavid_demo.model.llama_vid.content import Content
from llamavid_demo.model.llama_vid.context_attention import ContextAttention
from llamavid_demo.model.llama_vid.layout import our_checkpoint_key
from llamavid_demo.model.llama_vid.load import released_tensors

QFORMER = "instruct_blip*.pth"
_NAMES = (
    ("Qformer.bert.", "model.vlm_att_encoder.bert."),
    ("query_tokens", "model.vlm_att_query"),
    ("ln_vision.", "model.vlm_att_ln."),
)
Tensors = Iterator[tuple[str, torch.Tensor]]


def is_plain_llama(folder: Path) -> bool:
    """Whether a folder holds a LLaMA alone."""
    return read_json(folder / "config.json").get("model_type") == "llama"


def new_config(files: CheckpointFiles) -> LlamaVidConfig:
    """The config of a LLaMA-VID of a plain LLaMA's folder, with the original's choices. Raises `TrainingError`."""
    if files.tower is None:
        raise TrainingError(f"{files.folder} has no vision tower: put eva_vit_g.pth (from LAVIS) into it.")
    chosen = {"compress_type": "mean", "mm_projector_type": "mlp2x_gelu"}
    shapes = {key: tuple(tensor.shape) for key, tensor in _qformer(files.folder)}
    return read_config({**read_json(files.folder / "config.json"), **chosen}, shapes, read_shapes(files.tower))


def new_tensors(files: CheckpointFiles, config: LlamaVidConfig, *, seed: int) -> Tensors:
    """All tensors under our names: pretrained parts, and projectors that are begun by a `seed`."""
    text = ((ours, value) for key, value in _qformer(files.folder) if (ours := our_checkpoint_key(key)))
    tower = ((key, v) for key, v in released_tensors(files, config.vision) if key.startswith("vision."))
    return chain(text, tower, base_tensors(files.folder), _projectors(config, seed))


def _projectors(config: LlamaVidConfig, seed: int) -> Tensors:
    width, hidden = config.vision.width, config.llama.hidden_size
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        new = {
            "text_decoder.projector": nn.Linear(config.text.hidden, width),
            "context": ContextAttention(width, hidden),
            "content": Content(config.projector, width, hidden, compress=config.compress),
        }
    for name, part in new.items():
        yield from ((f"{name}.{key}", value) for key, value in part.state_dict().items())


def _qformer(folder: Path) -> Tensors:
    """The Q-Former's tensors under the names that a LLaMA-VID has for them. Raises `TrainingError`."""
    path = next(iter(sorted(folder.glob(QFORMER))), None)
    if path is None:
        raise TrainingError(
            f"{folder} holds a LLaMA alone: to begin stage 1 put InstructBLIP's Q-Former beside it, "
            "instruct_blip_vicuna7b_trimmed.pth from LAVIS."
        )
    saved: dict[str, Any] = dict(read_tensors(path))
    if not isinstance(saved.get("model"), dict):
        raise ModelError(f"{path} holds no Q-Former: copy it again.")
    for key, value in saved["model"].items():
        for theirs, ours in _NAMES:
            if key.startswith(theirs):
                yield ours + key.removeprefix(theirs), value
