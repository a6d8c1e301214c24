"""A model that is ready to use: network, tokenizers and how frames are prepared for it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.attention import LastLayerWritten, PrefixReading, Reading
from llamavid_demo.model.config import LlamaVidConfig
from llamavid_demo.model.kv_cache import Prefix
from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.prompt import FRAME, SectionPrompt, section_prompt
from llamavid_demo.model.tokenizer import GuideTokenizer, LlamaTokenizer


@dataclass(frozen=True)
class LoadedModel:
    """What `load_model` gives. `weights` names the vision weights' content, `name` the whole model (for caches)."""

    name: str
    weights: str
    network: LlamaVid
    tokenizer: LlamaTokenizer
    guide_tokenizer: GuideTokenizer
    frame_format: FrameFormat
    mean: tuple[float, ...]
    std: tuple[float, ...]
    quantization: str | None = None

    @property
    def config(self) -> LlamaVidConfig:
        """Sizes and choices of the network."""
        return self.network.config

    @property
    def device(self) -> torch.device:
        """Where frames are encoded."""
        return self.network.text_decoder.queries.device

    @property
    def dtype(self) -> torch.dtype:
        """Type that the network computes in."""
        return self.network.text_decoder.queries.dtype

    def normalise(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → pixels (B, 3, h, w), each channel scaled as in training."""
        pixels = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2).float() / 255
        mean, std = (torch.tensor(v, device=self.device).view(3, 1, 1) for v in (self.mean, self.std))
        return ((pixels - mean) / std).to(self.dtype)

    @torch.inference_mode()
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches (B, N, C), float16 on the CPU, as they are stored (CLS dropped)."""
        return self.network.vision(self.normalise(frames))[:, 1:].to("cpu", torch.float16)

    @torch.inference_mode()
    def frame_tokens(self, patches: torch.Tensor, question: str) -> torch.Tensor:
        """Stored patches (T, N, C) and the guide question → frame tokens (T, 1+n, H)."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(question))
        return self.network.frame_tokens(patches.to(self.device, self.dtype), ids, mask)

    @torch.inference_mode()
    def context_scores(self, patches: torch.Tensor, question: str) -> torch.Tensor:
        """Attention (T, M, N), float32, of a guide question over patches (T, N, C): it makes the context tokens."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(question))
        visual = patches.to(self.device, self.dtype)
        return self.network.context.scores(self.network.text_decoder(visual, ids, mask), visual).float()

    def section_prompt(self, cues: Sequence[str]) -> SectionPrompt:
        """Prompt of a section whose frame t is followed by the text `cues[t]`."""
        return section_prompt(self.tokenizer, self.config.prompt, cues, self.config.tokens_per_frame)

    @torch.inference_mode()
    def embed(self, ids: Sequence[int], frame_tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Embeddings (1, L, H) of ids in which each `FRAME` mark is taken by the next row of `frame_tokens`."""
        row = torch.tensor(ids, device=self.device)
        marks = row == FRAME
        embeds = self.network.llama.get_input_embeddings()(row.masked_fill(marks, 0))  # (L, H)
        if frame_tokens is not None:
            embeds[marks] = frame_tokens.reshape(-1, embeds.shape[-1]).to(embeds)
        return embeds[None]

    def hidden(self, embeds: torch.Tensor, reading: Reading, starts: Sequence[int]) -> torch.Tensor:
        """Last hidden states (B, Q, H) of the LLaMA for embeddings; those of row b stand from `starts[b]` on."""
        ahead = torch.arange(embeds.shape[1], device=embeds.device)
        places = torch.tensor(starts, device=embeds.device)[:, None] + ahead
        llama = self.network.llama.model
        return llama(inputs_embeds=embeds, position_ids=places, use_cache=False, reading=reading).last_hidden_state

    def fill(self, prefix: Prefix, embeds: torch.Tensor) -> None:
        """Read a section's next embeddings (1, Q, H) into its prefix."""
        with suppress(LastLayerWritten):
            self.hidden(embeds, PrefixReading(prefix), [prefix.filled])
        prefix.advance(embeds.shape[1])
