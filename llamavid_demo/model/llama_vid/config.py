"""Sizes and choices of a LLaMA-VID, as plain data.

What `config.json` states is taken from there; the sizes that it leaves out (vision tower, text decoder) are read
off the shapes of the weights.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar, Literal

from transformers import LlamaConfig

from llamavid_demo.errors import ModelError
from llamavid_demo.model.config import Shapes, VisionConfig, count_blocks, llama_config, middle_layers
from llamavid_demo.model.real_world.eyes import rows_for

VISION_HEAD = 88  # EVA ViT-g: 1408 wide, 16 heads
TEXT_HEAD = 64  # BERT
VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions. USER: "
)
VISION_DEPTH = 39  # the release drops the 40th block of EVA ViT-g
_IMAGE_SIZE = re.compile(r"patch\d+-(\d+)/?$")  # of the original's processors, such as clip-patch14-336


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
    """Fixed texts of a prompt; the defaults are those of the original demo's worker, in vicuna's chat format.

    `opening` stands before the film, `closing` between it and the first question, `user` before each further one,
    `assistant` before an answer, which `stop` ends. With `clock` each cue has a line of its own that begins with its
    time, and every ten seconds the time is told.
    """

    opening: str = (
        f"{VICUNA}Below is a part of movie. Memorize the content and answer my question after this movie part. "
        "The movie part start.\n"
    )
    closing: str = "\nThe movie part end.\n"
    user: str = "USER: "
    assistant: str = " ASSISTANT:"
    gap: str = " "  # between `assistant` and an answer
    stop: str = "</s>"
    clock: bool = False


@dataclass(frozen=True)
class LookWords:
    """Words that can be read off frame tokens which were trained to be made of them, for second looks in words.

    A frame shows one word of each of `scene`, such as its place, and some of `things`. The context token of `question`
    about a thing shows one word of each of its `traits`. `others` are no more than told apart.
    """

    scene: tuple[tuple[str, ...], ...]
    things: tuple[str, ...]
    traits: tuple[tuple[str, ...], ...]
    question: str
    others: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every word once."""
        return (*chain(*self.scene), *self.things, *chain(*self.traits), *self.others)


@dataclass(frozen=True)
class LlamaVidConfig:
    """Everything needed to build the network."""

    vision: VisionConfig
    text: TextDecoderConfig
    llama: LlamaConfig
    compress: str | None = "mean"
    projector: str = "mlp2x_gelu"
    max_tokens: int = 65536
    guide: str = "first"  # question that context tokens are built from, see `ModelConfig.guide`
    evidence_layers: tuple[int, ...] = ()  # of the LLaMA, from 0, whose attention says what an answer leaned on
    watched_heads: int | None = None  # of those layers, so many first ones; all where none are stated
    spoken_evidence: bool = False  # whether what is said is evidence, and not frames alone
    quotes: bool = False  # whether answers that begin with a quotation mark copy the line that it looks at
    prompt: PromptFormat = field(default_factory=PromptFormat)
    languages: tuple[str, ...] = ()  # two-letter codes of those that it reads; any, where none are stated
    autocast: bool = False  # whether the LLaMA learned with products in bfloat16, and loses nothing by them
    second_eyes: bool = False  # whether real pictures are seen by an ImageNet network, see `real_world/`
    look_words: LookWords | None = None  # where second looks are lines of words, see `second_look.py`

    answers: ClassVar[Literal["raw"]] = "raw"  # they read no frames, as no words do
    chronological: ClassVar[bool] = True

    @property
    def watched_layers(self) -> frozenset[int]:
        """The evidence layers; where none are stated the third quarter of all, where words are looked up."""
        return frozenset(self.evidence_layers or middle_layers(self.llama.num_hidden_layers))

    @property
    def patch_shape(self) -> tuple[int, int]:
        """Patches of a frame and their width, (N, C); behind them what second eyes see of it."""
        more = rows_for(self.vision.width) if self.second_eyes else 0
        return self.vision.patches + more, self.vision.width

    fused_rows: ClassVar[int] = 0  # of a frame, kept for words to come
    fused_layers: ClassVar[int] = 0

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


def read_config(
    released: Mapping[str, Any], checkpoint: Shapes, tower: Shapes, *, vision_depth: int | None = None
) -> LlamaVidConfig:
    """Put a config together from `config.json` and the shapes of both files' tensors.

    `vision_depth` wins over the config's `mm_vision_depth`, which wins over the 39 blocks of the release. Where neither
    is stated the tower is the release's, and reads pictures at the size that the config's `image_processor` names.
    Raises `ModelError` when something is missing or of a kind that we don't know.
    """
    try:
        stated = vision_depth or released.get("mm_vision_depth")
        depth = stated or min(VISION_DEPTH, count_blocks(tower, "blocks"))
        named = None if stated else _IMAGE_SIZE.search(released.get("image_processor") or "")
        return LlamaVidConfig(
            vision=_vision(tower, depth, released.get("mm_vision_heads"), image=int(named[1]) if named else None),
            text=_text(checkpoint),
            llama=llama_config(released),
            compress=known_compress(released.get("compress_type")),
            projector=released.get("mm_projector_type", "linear"),
            max_tokens=released.get("max_token", released["max_position_embeddings"]),
            guide=released.get("guide", "first"),
            evidence_layers=tuple(released.get("evidence_layers", ())),
            watched_heads=released.get("evidence_heads"),
            spoken_evidence=released.get("spoken_evidence", False),
            quotes=released.get("quotes", False),
            prompt=PromptFormat(**released.get("prompt", {})),
            languages=tuple(released.get("languages") or ()),
            autocast=released.get("autocast") == "bfloat16",
            second_eyes=released.get("second_eyes", False),
            look_words=_look_words(released.get("look_words")),
        )
    except KeyError as error:
        raise ModelError(
            f"This is no complete LLaMA-VID: {error.args[0]} is missing from its config.json or weights. "
            "Check that every file of the release is in the folder."
        ) from error


def _look_words(released: Mapping[str, Any] | None) -> LookWords | None:
    if not released:
        return None
    return LookWords(
        scene=tuple(map(tuple, released["scene"])),
        things=tuple(released["things"]),
        traits=tuple(map(tuple, released["traits"])),
        question=released["question"],
        others=tuple(released.get("others", ())),
    )


def _vision(tower: Shapes, depth: int, heads: int | None, *, image: int | None) -> VisionConfig:
    width, _, patch, _ = tower["patch_embed.proj.weight"]
    own = round((tower["pos_embed"][1] - 1) ** 0.5) * patch
    mlp = tower["blocks.0.mlp.fc1.weight"][0]
    return VisionConfig(width, depth, heads or max(1, width // VISION_HEAD), patch, image or own, mlp)


def _text(checkpoint: Shapes) -> TextDecoderConfig:
    bert = "model.vlm_att_encoder.bert."
    vocabulary, hidden = checkpoint[bert + "embeddings.word_embeddings.weight"]
    return TextDecoderConfig(
        hidden=hidden,
        layers=count_blocks(checkpoint, "model.vlm_att_encoder.bert.encoder.layer"),
        heads=max(1, hidden // TEXT_HEAD),
        intermediate=checkpoint[bert + "encoder.layer.0.intermediate_query.dense.weight"][0],
        vocabulary=vocabulary,
        positions=checkpoint[bert + "embeddings.position_embeddings.weight"][0],
        queries=checkpoint["model.vlm_att_query"][1],
    )


def known_compress(kind: str | None) -> str | None:
    """A `compress_type` as it is. Raises `ModelError` when it is none that we know."""
    if kind is None or kind == "mean" or re.fullmatch(r"grid:[1-9]\d*", kind):
        return kind
    raise ModelError(f"compress_type {kind!r} is not known: use mean, grid:2 (or another number), or null.")
