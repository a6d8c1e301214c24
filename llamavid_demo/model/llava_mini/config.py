"""Sizes and choices of a LLaVA-Mini, as plain data.

What `config.json` states is taken from there; sizes of the vision tower, the compressor and pre-fusion are read off
the shapes of the weights.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformers import LlamaConfig

from llamavid_demo.errors import ModelError
from llamavid_demo.model.config import Shapes, VisionConfig, llama_config

COMPRESSOR_HEADS = 8
CLIP_HEAD = 64  # of all of OpenAI's towers


@dataclass(frozen=True)
class LlavaMiniConfig:
    """Everything needed to build the network.

    `vision_layer` counts the tower's outputs from the end, as released configs do: -2 leaves out the last block.
    `resolution_ratio` 2 reads a picture in 2×2 crops besides the whole.
    """

    clip: VisionConfig
    llama: LlamaConfig
    compressor_size: int = 1
    prefusion_layers: int = 4
    projector: str = "mlp2x_gelu"
    vision_layer: int = -2
    resolution_ratio: int = 1
    max_tokens: int = 131072

    @property
    def tokens_per_frame(self) -> int:
        """Compressed tokens of a frame, C: what the LLaMA reads of it."""
        return self.compressor_size**2


def is_llava_mini(released: Mapping[str, Any]) -> bool:
    """Whether a `config.json` is a LLaVA-Mini's."""
    return str(released.get("model_type", "")).startswith("llava_mini")


def read_config(
    released: Mapping[str, Any], checkpoint: Shapes, tower: Shapes, *, clip: Mapping[str, Any] | None = None
) -> LlavaMiniConfig:
    """Put a config together from `config.json`, the shapes of the shards and of the tower's tensors.

    `tower` has CLIP's own names (`embeddings.…`, `encoder.…`); `clip` is their `config.json`, if there is one.
    Raises `ModelError` when something is missing or of a kind that we don't know.
    """
    if released.get("mm_vision_select_feature", "patch") != "patch":
        raise ModelError(
            f"mm_vision_select_feature {released['mm_vision_select_feature']!r} is not known: only patch is."
        )
    try:
        return LlavaMiniConfig(
            clip=_clip(tower, {} if clip is None else clip, heads=released.get("mm_vision_heads")),
            llama=llama_config(released),
            compressor_size=round(checkpoint["model.compressor.query"][0] ** 0.5),
            prefusion_layers=_count(checkpoint, "model.prefusion_layers"),
            projector=released.get("mm_projector_type", "linear"),
            vision_layer=released.get("mm_vision_select_layer", -2),
            resolution_ratio=released.get("resolution_ratio", 1),
            max_tokens=released["max_position_embeddings"],
        )
    except KeyError as error:
        raise ModelError(
            f"This is no complete LLaVA-Mini: {error.args[0]} is missing from its config.json or weights. "
            "Check that every file of the release is in the folder."
        ) from error


def _clip(tower: Shapes, stated: Mapping[str, Any], *, heads: int | None) -> VisionConfig:
    stated = stated.get("vision_config", stated)
    if stated.get("hidden_act", "quick_gelu") != "quick_gelu":
        raise ModelError(f"A CLIP with {stated['hidden_act']!r} is not known: the release's has quick_gelu.")
    width, _, patch, _ = tower["embeddings.patch_embedding.weight"]
    side = round((tower["embeddings.position_embedding.weight"][0] - 1) ** 0.5)
    return VisionConfig(
        width=width,
        depth=_count(tower, "encoder.layers"),
        heads=stated.get("num_attention_heads") or heads or max(1, width // CLIP_HEAD),
        patch=patch,
        image=side * patch,
        mlp=tower["encoder.layers.0.mlp.fc1.weight"][0],
    )


def _count(shapes: Shapes, prefix: str) -> int:
    numbers = [int(m[1]) for key in shapes if (m := re.match(re.escape(prefix) + r"\.(\d+)\.", key))]
    return max(numbers, default=-1) + 1
