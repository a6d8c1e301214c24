"""Sizes and choices of a LLaVA-Mini, as plain data.

What `config.json` states is taken from there; sizes of the vision tower, the compressor and pre-fusion are read off
the shapes of the weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from transformers import LlamaConfig

from llamavid_demo.errors import ModelError
from llamavid_demo.model.config import Shapes, VisionConfig, count_blocks, llama_config, middle_layers
from llamavid_demo.model.llava_mini.tokenizer import SYSTEM
from llamavid_demo.model.prompt import Answers

COMPRESSOR_HEADS = 8
CLIP_HEAD = 64  # of all of OpenAI's towers


@dataclass(frozen=True)
class LlavaMiniConfig:
    """Everything needed to build the network.

    `vision_layer` counts the tower's outputs from the end, as released configs do: -2 leaves out the last block.
    `resolution_ratio` 2 reads a picture in 2×2 crops besides the whole. `answers`: whether earlier ones are fused with
    the frames, as at the original's inference, or stay raw, as in its training.
    """

    clip: VisionConfig
    llama: LlamaConfig
    compressor_size: int = 1
    prefusion_layers: int = 4
    projector: str = "mlp2x_gelu"
    vision_layer: int = -2
    resolution_ratio: int = 1
    max_tokens: int = 131072
    answers: Answers = "fused"
    evidence_layers: tuple[int, ...] = ()  # of the LLaMA, from 0, whose attention says what an answer leaned on
    system: str = SYSTEM

    guide: ClassVar[str] = "none"  # no question changes what is read of a frame
    chronological: ClassVar[bool] = False  # even the opening of the prompt is fused with every frame

    watched_heads: ClassVar[int | None] = None
    languages: ClassVar[tuple[str, ...]] = ()
    spoken_evidence: ClassVar[bool] = False
    quotes: ClassVar[bool] = False

    @property
    def watched_layers(self) -> frozenset[int]:
        """The evidence layers; where none are stated the third quarter of all, where words are looked up."""
        return frozenset(self.evidence_layers or middle_layers(self.llama.num_hidden_layers))

    @property
    def vision(self) -> VisionConfig:
        """The vision tower."""
        return self.clip

    @property
    def patch_shape(self) -> tuple[int, int, int]:
        """Parts of a frame, patches of a part and their width, (P, N, d)."""
        ratio = self.resolution_ratio
        return (ratio**2 + 1 if ratio > 1 else 1), self.clip.patches, self.clip.width

    @property
    def fused_rows(self) -> int:
        """Rows of a frame in pre-fusion, whose keys and values are kept for words to come."""
        return self.patch_shape[0] * self.clip.patches + self.tokens_per_frame

    @property
    def fused_layers(self) -> int:
        """Layers of pre-fusion."""
        return self.prefusion_layers

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
            prefusion_layers=count_blocks(checkpoint, "model.prefusion_layers"),
            projector=released.get("mm_projector_type", "linear"),
            vision_layer=released.get("mm_vision_select_layer", -2),
            resolution_ratio=released.get("resolution_ratio", 1),
            max_tokens=released["max_position_embeddings"],
            answers=released.get("answers", "fused"),
            evidence_layers=tuple(released.get("evidence_layers", ())),
            system=released.get("prompt", {}).get("system", SYSTEM),
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
        depth=count_blocks(tower, "encoder.layers"),
        heads=stated.get("num_attention_heads") or heads or max(1, width // CLIP_HEAD),
        patch=patch,
        image=side * patch,
        mlp=tower["encoder.layers.0.mlp.fc1.weight"][0],
    )
