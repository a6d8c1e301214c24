"""A model that is ready to use: what chat, plan, command line and page ask of one, whichever system it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, cast

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.film.frame_format import FrameFormat, resize_frame
from llamavid_demo.model.attention import LastLayerWritten, PrefixReading, Reading
from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.preprocessor import normalised
from llamavid_demo.model.prompt import FRAME, Answers, Exchange, SectionPrompt, Word, one_line
from llamavid_demo.model.section_frames import SectionFrames, WordsState
from llamavid_demo.model.stated import GENERAL_VOCABULARY

NO_GUIDE = "none"
NEUTRAL_GUIDE = "What happens in this film?"  # builds a prefix's context tokens when nobody has asked yet
DRAFT = 7


class ModelConfig(Protocol):
    """What is asked of either system's config."""

    @property
    def vision(self) -> VisionConfig:
        """The vision tower's sizes."""

    @property
    def llama(self) -> LlamaConfig:
        """The LLaMA's sizes."""

    @property
    def patch_shape(self) -> tuple[int, ...]:
        """Shape of one frame's patches, such as (N, C)."""

    @property
    def fused_rows(self) -> int:
        """Rows of a frame whose keys and values are kept for words to come."""

    @property
    def fused_layers(self) -> int:
        """Layers of those keys and values."""

    @property
    def tokens_per_frame(self) -> int:
        """What the LLaMA reads of a frame."""

    @property
    def max_tokens(self) -> int:
        """What it reads at most."""

    @property
    def guide(self) -> str:
        """Question that frame tokens are built from.

        "ahead": `NEUTRAL_GUIDE`, and each question takes a second look; the "first" of a conversation; "every" one, for
        which the film is read anew; or "none".
        """

    @property
    def chronological(self) -> bool:
        """Whether what comes later in a film changes nothing of what the LLaMA read before it."""

    @property
    def answers(self) -> Answers:
        """How earlier answers enter: "fused" with the frames as questions are, or "raw" as they were written."""

    @property
    def watched_layers(self) -> frozenset[int]:
        """Layers of the LLaMA, from 0, whose attention says what an answer leaned on."""

    @property
    def watched_heads(self) -> int | None:
        """How many of a layer's heads, the first ones, are watched; None: all."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Two-letter codes of the languages that it reads; any, where none are stated."""

    @property
    def spoken_evidence(self) -> bool:
        """Whether attention on what is said behind a frame counts for it, and not that on its tokens alone."""

    @property
    def quotes(self) -> bool:
        """Whether it begins an answer with a quotation mark where the line that it looks at is to be copied."""


class Network(Protocol):
    """What is asked of either system's network."""

    @property
    def config(self) -> ModelConfig:
        """Sizes and choices."""

    @property
    def llama(self) -> Any:
        """The LLaMA, `LlamaForCausalLM`."""

    def parts(self) -> Mapping[str, nn.Module]:
        """The network's parts by name; decoder layers in them, and only those, are quantized."""

    def to(self, device: str) -> Any:
        """Bring its weights to a device."""


class TextTokenizer(Protocol):
    """What is asked of either system's tokenizer. `eos` ends an answer."""

    eos: int

    def plain(self, text: str) -> str:
        """A text without control words."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text that is no message."""

    def decode(self, ids: list[int]) -> str:
        """Text of generated ids, special tokens left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedModel(ABC):
    """What `load_model` gives. `weights` names the vision weights' content, `name` the whole model (for caches).

    `shrunk`: it is in 4 bits because it does not fit in full.
    """

    name: str
    weights: str
    network: Network
    tokenizer: TextTokenizer
    frame_format: FrameFormat
    mean: tuple[float, ...]
    std: tuple[float, ...]
    quantization: str | None = None
    shrunk: bool = False

    @property
    def draft_tokens(self) -> int:
        """Tokens of a draft that are read in little more than the time of one; 0: none.

        Weights of less than 16 bits have kernels that are fast for one token alone.
        """
        return 0 if self.quantization else DRAFT

    @property
    @abstractmethod
    def config(self) -> ModelConfig:
        """Sizes and choices of the network."""

    @property
    def origin(self) -> "LoadedModel":
        """The model whose network this one computes with: itself, or the one that it was made of."""
        return self

    def moved(self, device: str) -> Self:
        """The model with its weights on another device, and this one's with them. None may be packed for a CPU."""
        self.network.to(device)
        return replace(self)

    def without_network(self) -> Self:
        """The model as another process is told of it: all but its weights and what reads with them.

        It asks for nothing of the network until it is given one again.
        """
        return replace(self, network=cast(Network, None))

    @property
    @abstractmethod
    def anchor(self) -> torch.Tensor:
        """A weight beside the LLaMA: frames are encoded where it is, in its type."""

    @abstractmethod
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches (B, …), float16 on the CPU, as they are stored."""

    def picture_patches(self, rgb: np.ndarray) -> torch.Tensor:
        """One picture (H, W, 3) uint8, of any size → patches (1, …) as of a frame."""
        return self.patches(np.stack([resize_frame(rgb, self.frame_format)]))

    def look_tokens(self, frames: int, questions: int) -> int:
        """Tokens of the second looks of so many `questions`, each at so many frames, at most."""
        return frames * questions

    @abstractmethod
    def scores(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Attention (T, M, N), float32, over stored patches (T, …), as a question looks at them."""

    def cue_text(self, cues: Sequence[Cue], second: float) -> str:
        """What is read behind the frame at a `second`, whose `cues` end there; "" for nothing."""
        del second
        return one_line(cues)

    def texts(self, cues: Sequence[Cue], times: Sequence[float]) -> list[str]:
        """What is read behind each of the frames at `times` (seconds)."""
        return [self.cue_text(ending, t) for ending, t in zip(cues_by_frame(cues, times), times, strict=True)]

    @abstractmethod
    def section_prompt(self, cues: Sequence[str]) -> SectionPrompt:
        """Prompt of a section whose frame t is followed by the text `cues[t]`."""

    @abstractmethod
    def words(self, last_cues: str, turns: Sequence[Exchange], *, answers: Answers) -> list[Word]:
        """What follows a section's last frame: its cues, then questions with answers; an open one has None."""

    def text_ids(self, turns: Sequence[Exchange]) -> list[int]:
        """Ids of a conversation without any film, whose last turn is open."""
        return [*self.section_prompt([]).ids, *(word.id for word in self.words("", turns, answers="raw"))]

    @abstractmethod
    def section(
        self, prompt: SectionPrompt, guide: str, batches: Sequence[torch.Tensor], *, room: int = 0
    ) -> SectionFrames:
        """The frames of a section, whose stored patches come in `batches` (T, …), for a guide question.

        They may keep `room` bytes in memory.
        """

    @abstractmethod
    def unseen(self, prompt: SectionPrompt) -> SectionFrames:
        """The frames of a section of which only what is said is to be known."""

    @property
    def limits(self) -> str:
        """A sentence on what it can't do here that it could elsewhere; "" when there is nothing."""
        return ""

    @property
    def guided(self) -> bool:
        """Whether frame tokens are built from a question."""
        return self.config.guide != NO_GUIDE

    @property
    def general(self) -> bool:
        """Whether its words are those of the language, so that it can be asked for a short answer."""
        return self.config.llama.vocab_size >= GENERAL_VOCABULARY

    def new_words(self) -> WordsState | None:
        """A new conversation's memory of its words, if the model needs one."""
        return None

    @property
    def frames_at_once(self) -> int:
        """Frames that are best read side by side."""
        return 32

    @property
    def device(self) -> torch.device:
        """Where frames are encoded."""
        return self.anchor.device

    @property
    def dtype(self) -> torch.dtype:
        """Type that the network computes in."""
        return self.anchor.dtype

    @property
    def llama(self) -> Any:
        """The LLaMA, `LlamaForCausalLM`."""
        return self.network.llama

    def normalise(self, pictures: np.ndarray) -> torch.Tensor:
        """Pictures (…, h, w, 3) uint8 → pixels (…, 3, h, w), each channel scaled as in training."""
        return normalised(pictures, self.mean, self.std, self.device).to(self.dtype)

    @torch.inference_mode()
    def embed(self, ids: Sequence[int], rows: torch.Tensor | None = None) -> torch.Tensor:
        """Embeddings (1, L, H) of ids in which each `FRAME` mark is taken by the next of `rows` (…, H)."""
        row = torch.tensor(ids, device=self.device)
        marks = row == FRAME
        embeds = self.llama.get_input_embeddings()(row.masked_fill(marks, 0))  # (L, H)
        if rows is not None:
            embeds[marks] = rows.reshape(-1, embeds.shape[-1]).to(embeds)
        return embeds[None]

    def hidden(self, embeds: torch.Tensor, reading: Reading, places: Sequence[Sequence[int]]) -> torch.Tensor:
        """Last hidden states (B, Q, H) of the LLaMA for embeddings at `places` (B, Q)."""
        positions = torch.tensor(places, device=embeds.device)
        llama = self.llama.model
        return llama(inputs_embeds=embeds, position_ids=positions, use_cache=False, reading=reading).last_hidden_state

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits (…, V), float32, of what follows last hidden states (…, H)."""
        return self.llama.lm_head(hidden).float()

    def fill(self, prefix: Prefix, embeds: torch.Tensor) -> None:
        """Read a section's next embeddings (1, Q, H) into its prefix."""
        with suppress(LastLayerWritten):
            self.hidden(embeds, PrefixReading(prefix), [range(prefix.filled, prefix.filled + embeds.shape[1])])
        prefix.advance(embeds.shape[1])
