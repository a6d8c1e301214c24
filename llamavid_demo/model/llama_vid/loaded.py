"""A LLaMA-VID that is ready to use: frame tokens for a guide question, words as they are."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.prompt import conversation_text, section_prompt
from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer, LlamaTokenizer
from llamavid_demo.model.loaded import Heard, LoadedModel, SectionFrames
from llamavid_demo.model.prompt import Answers, SectionPrompt, Word


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedLlamaVid(LoadedModel):
    """A LLaMA-VID with its two tokenizers."""

    network: LlamaVid
    tokenizer: LlamaTokenizer
    guide_tokenizer: GuideTokenizer

    @property
    def config(self) -> LlamaVidConfig:
        """Sizes and choices of the network."""
        return self.network.config

    @property
    def anchor(self) -> torch.Tensor:
        """The text decoder's queries."""
        return self.network.text_decoder.queries

    @torch.inference_mode()
    def patches(self, frames: np.ndarray) -> torch.Tensor:
        """Frames (B, h, w, 3) uint8 → patches (B, N, C), float16 on the CPU, as they are stored (CLS dropped)."""
        return self.network.vision(self.normalise(frames))[:, 1:].to("cpu", torch.float16)

    @torch.inference_mode()
    def frame_tokens(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Stored patches (T, N, C) and the guide question → frame tokens (T, 1+n, H)."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(guide))
        return self.network.frame_tokens(patches.to(self.device, self.dtype), ids, mask)

    @torch.inference_mode()
    def scores(self, patches: torch.Tensor, guide: str) -> torch.Tensor:
        """Attention (T, M, N), float32, of a guide question over patches (T, N, C): it makes the context tokens."""
        ids, mask = (tensor.to(self.device) for tensor in self.guide_tokenizer(guide))
        visual = patches.to(self.device, self.dtype)
        return self.network.context.scores(self.network.text_decoder(visual, ids, mask), visual).float()

    def section_prompt(self, cues: Sequence[str]) -> SectionPrompt:
        """Prompt of a section whose frame t is followed by the text `cues[t]`."""
        return section_prompt(self.tokenizer, self.config.prompt, cues, self.config.tokens_per_frame)

    def words(self, last_cues: str, turns: Sequence[tuple[str, str | None]], *, answers: Answers) -> list[Word]:
        """What follows a section's last frame; nothing of it reads frames, so `answers` changes nothing."""
        del answers
        text = conversation_text(self.config.prompt, last_cues, turns)
        return [Word(token) for token in self.tokenizer.encode(text)]

    def section(
        self, prompt: SectionPrompt, guide: str, batches: Sequence[torch.Tensor], *, room: int = 0
    ) -> "GuidedFrames":
        """The frames of a section for a guide question; they keep nothing in memory."""
        del prompt, room
        return GuidedFrames(self, guide, batches)


@dataclass(frozen=True)
class GuidedFrames(SectionFrames):
    """Frames whose context tokens a guide question makes, from stored patches in batches (T, N, C)."""

    model: LoadedLlamaVid
    guide: str
    batches: Sequence[torch.Tensor]

    def rows(self) -> Generator[int, None, torch.Tensor]:
        """Frame tokens (T·(1+n), H), on the CPU."""
        made, done = [], 0
        for patches in self.batches:
            made.append(self.model.frame_tokens(patches, self.guide).flatten(0, 1).cpu())
            done += len(patches)
            yield done
        return torch.cat(made)

    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of the section prompt, frame tokens at its marks."""
        return self.model.embed(ids, rows)

    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, heard: Heard | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W - known, H) of words, which read no frames."""
        del heard
        yield from ()
        return self.model.embed([word.id for word in words[known:]])
