"""How the releases are asked about what is no movie: pictures, short clips, and text alone.

The prompt is vicuna's, with the frames at the beginning of the first question, as the original command line and its
evaluation have it. There the text decoder also looks at a frame's CLS row, which movies are stored without.
"""

import copy
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.config import VICUNA, LlamaVidConfig, PromptFormat
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.loaded import LoadedModel

LONGEST_CLIP = 180.0  # seconds: the most that the original demo takes for a short video
SHORT = PromptFormat(opening=VICUNA, closing="\n")
NO_PICTURE = replace(SHORT, closing="")


@dataclass(frozen=True)
class ShortConfig(LlamaVidConfig):
    """The same sizes, with a row more for each frame."""

    @property
    def patch_shape(self) -> tuple[int, int]:
        """Patches of a frame and behind them its CLS row, (N + 1, C)."""
        return self.vision.patches + 1, self.vision.width


@dataclass(frozen=True, kw_only=True, eq=False)
class ShortLlamaVid(LoadedLlamaVid):
    """A release for pictures and short clips; `made_of` is the one whose network it shares."""

    made_of: LoadedLlamaVid

    @property
    def origin(self) -> LoadedModel:
        """The model that it was made of."""
        return self.made_of

    @torch.inference_mode()
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches and CLS (B, N + 1, C), float16 on the CPU."""
        return self.network.vision(self._pixels(frames)).roll(-1, dims=1).to("cpu", torch.float16)  # CLS comes first

    @torch.inference_mode()
    def context_tokens(self, patches: torch.Tensor, question: str) -> torch.Tensor:
        """Stored patches (T, N + 1, C) and a question → context tokens (T, 1, H)."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(question))
        seen = patches.to(self.device, self.dtype)
        return self.network.context_tokens(seen[:, :-1], seen, ids, mask)

    @torch.inference_mode()
    def scores(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Attention (T, M, N), float32, of a guide question over the patches of (T, N + 1, C)."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(guide))
        seen = patches.to(self.device, self.dtype)
        return self.network.context.scores(self.network.text_decoder(seen, ids, mask), seen[:, :-1]).float()


def is_short(movie: Movie) -> bool:
    """Whether the original takes a film for a short clip: three minutes at most, of which nobody wrote down a word."""
    return movie.duration <= LONGEST_CLIP and not (movie.subtitles and movie.subtitles.cues)


def fit_for(model: LoadedModel, movie: Movie) -> LoadedModel:
    """The model as it is asked about a film: as a release is about a short clip, where it is one."""
    return as_short(model) if is_short(movie) else model


def as_short(model: LoadedModel, texts: PromptFormat = SHORT) -> LoadedModel:
    """The same weights for pictures and short clips, or with other `texts`; a model with a prompt of its own as it is.

    Both share one network, and so one scheduler and one account of memory (`LoadedModel.origin`).
    """
    if not isinstance(model, LoadedLlamaVid) or model.config.prompt != PromptFormat():
        return model
    network = copy.copy(model.network)
    network.config = ShortConfig(**{**_fields(model.config), "prompt": texts})
    return ShortLlamaVid(**{**_fields(model), "network": network, "made_of": model})


def _fields(known: LlamaVidConfig | LoadedLlamaVid) -> dict[str, Any]:
    return {field.name: getattr(known, field.name) for field in fields(known)}
