"""What both systems' configs share: the vision tower's sizes, and the LLaMA's as a released `config.json` has them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformers import LlamaConfig

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class VisionConfig:
    """Vision tower, EVA ViT-g's or CLIP's: `image` and `patch` in pixels."""

    width: int
    depth: int
    heads: int
    patch: int
    image: int
    mlp: int

    @property
    def patches(self) -> int:
        """Patches of a frame, N, without the CLS row."""
        return (self.image // self.patch) ** 2


def llama_config(released: Mapping[str, Any]) -> LlamaConfig:
    """The LLaMA part of a released `config.json`, whose `model_type` says "llava"."""
    scaling = released.get("rope_scaling")
    rope: dict[str, Any] = {"rope_type": "default"}
    if scaling:
        rope = {**scaling, "rope_type": scaling.get("rope_type", scaling.get("type"))}
    rope["rope_theta"] = released.get("rope_theta", 10000.0)
    heads = released["num_attention_heads"]
    return LlamaConfig(
        vocab_size=released["vocab_size"],
        hidden_size=released["hidden_size"],
        intermediate_size=released["intermediate_size"],
        num_hidden_layers=released["num_hidden_layers"],
        num_attention_heads=heads,
        num_key_value_heads=released.get("num_key_value_heads", heads),
        hidden_act=released.get("hidden_act", "silu"),
        max_position_embeddings=released["max_position_embeddings"],
        rms_norm_eps=released["rms_norm_eps"],
        rope_parameters=rope,
        tie_word_embeddings=released.get("tie_word_embeddings", False),
        bos_token_id=released.get("bos_token_id", 1),
        eos_token_id=released.get("eos_token_id", 2),
        pad_token_id=None,
    )


def middle_layers(layers: int) -> range:
    """The third quarter of so many layers."""
    return range(layers // 2, math.ceil(layers * 3 / 4))


def count_blocks(shapes: Shapes, prefix: str) -> int:
    """How many blocks `prefix`.0, `prefix`.1 and so on the names of tensors have."""
    numbers = [int(m[1]) for key in shapes if (m := re.match(re.escape(prefix) + r"\.(\d+)\.", key))]
    return max(numbers, default=-1) + 1
