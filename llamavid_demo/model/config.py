"""Sizes and choices of a LLaMA-VID, as plain data.

What `config.json` states is taken from there; the sizes that it leaves out (vision tower, text decoder) are read
off the shapes of the weights.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformers import LlamaConfig

from llamavid_demo.errors import ModelError

VISION_HEAD = 88  # EVA ViT-g: 1408 wide, 16 heads
TEXT_HEAD = 64  # BERT
VISION_DEPTH = 39  # the release drops the 40th block of EVA ViT-g

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


@dataclass(frozen=True)
class TextDecoderConfig:
    """Text decoder (Q-Former): `queries` learned rows that read the question and look at the frame."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    queries: int


@dataclass(frozen=True)
class PromptFormat:
    """Fixed texts of a section prompt; the defaults are those of the original demo's worker."""

    system: str = (
        "A chat between a curious user and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the user's questions."
    )
    opening: str = (
        "Below is a part of movie. Memorize the content and answer my question after this movie part. "
        "The movie part start.\n"
    )
    closing: str = "\nThe movie part end.\n"


@dataclass(frozen=True)
class LlamaVidConfig:
    """Everything needed to build the network."""

    vision: VisionConfig
    text: TextDecoderConfig
    llama: LlamaConfig
    compress: str | None = "mean"
    projector: str = "mlp2x_gelu"
    max_tokens: int = 65536
    guide: str = "first"  # question that context tokens are built from: the first of a conversation, or every
    evidence_layers: tuple[int, ...] = ()  # of the LLaMA, from 0, whose attention says what an answer leaned on
    prompt: PromptFormat = field(default_factory=PromptFormat)

    @property
    def watched_layers(self) -> frozenset[int]:
        """The evidence layers; where none are stated the third quarter of all, where words are looked up."""
        layers = self.llama.num_hidden_layers
        return frozenset(self.evidence_layers or range(layers // 2, math.ceil(layers * 3 / 4)))

    @property
    def content_tokens(self) -> int:
        """Content tokens of a frame: 1 for `mean`, n² for `grid:n`, N without compression."""
        if self.compress is None:
            return self.vision.patches
        if self.compress == "mean":
            return 1
        return int(self.compress.removeprefix("grid:")) ** 2

    @property
    def tokens_per_frame(self) -> int:
        """Context token and content tokens together."""
        return 1 + self.content_tokens


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


def read_config(
    released: Mapping[str, Any], checkpoint: Shapes, tower: Shapes, *, vision_depth: int | None = None
) -> LlamaVidConfig:
    """Put a config together from `config.json` and the shapes of both files' tensors.

    `vision_depth` wins over the config's `mm_vision_depth`, which wins over the 39 blocks of the release.
    Raises `ModelError` when something is missing or of a kind that we don't know.
    """
    try:
        depth = vision_depth or released.get("mm_vision_depth") or min(VISION_DEPTH, _count(tower, "blocks"))
        return LlamaVidConfig(
            vision=_vision(tower, depth, released.get("mm_vision_heads")),
            text=_text(checkpoint),
            llama=llama_config(released),
            compress=_compress(released.get("compress_type")),
            projector=released.get("mm_projector_type", "linear"),
            max_tokens=released.get("max_token", released["max_position_embeddings"]),
            guide=released.get("guide", "first"),
            evidence_layers=tuple(released.get("evidence_layers", ())),
            prompt=PromptFormat(**released.get("prompt", {})),
        )
    except KeyError as error:
        raise ModelError(
            f"This is no complete LLaMA-VID: {error.args[0]} is missing from its config.json or weights. "
            "Check that every file of the release is in the folder."
        ) from error


def _vision(tower: Shapes, depth: int, heads: int | None) -> VisionConfig:
    width, _, patch, _ = tower["patch_embed.proj.weight"]
    side = round((tower["pos_embed"][1] - 1) ** 0.5)
    mlp = tower["blocks.0.mlp.fc1.weight"][0]
    return VisionConfig(width, depth, heads or max(1, width // VISION_HEAD), patch, side * patch, mlp)


def _text(checkpoint: Shapes) -> TextDecoderConfig:
    bert = "model.vlm_att_encoder.bert."
    vocabulary, hidden = checkpoint[bert + "embeddings.word_embeddings.weight"]
    return TextDecoderConfig(
        hidden=hidden,
        layers=_count(checkpoint, "model.vlm_att_encoder.bert.encoder.layer"),
        heads=max(1, hidden // TEXT_HEAD),
        intermediate=checkpoint[bert + "encoder.layer.0.intermediate_query.dense.weight"][0],
        vocabulary=vocabulary,
        positions=checkpoint[bert + "embeddings.position_embeddings.weight"][0],
        queries=checkpoint["model.vlm_att_query"][1],
    )


def _count(shapes: Shapes, prefix: str) -> int:
    numbers = [int(m[1]) for key in shapes if (m := re.match(re.escape(prefix) + r"\.(\d+)\.", key))]
    return max(numbers, default=-1) + 1


def _compress(kind: str | None) -> str | None:
    if kind is None or kind == "mean" or re.fullmatch(r"grid:[1-9]\d*", kind):
        return kind
    raise ModelError(f"compress_type {kind!r} is not known: use mean, grid:2 (or another number), or null.")
