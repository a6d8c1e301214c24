"""LLaMA-VID: the parts put together (Li et al. 2023, "An Image is Worth 2 Tokens in Large Language Models")."""

import torch
from torch import nn
from transformers import LlamaForCausalLM

from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.content import Content
from llamavid_demo.model.llama_vid.context_attention import ContextAttention
from llamavid_demo.model.llama_vid.text_decoder import TextDecoder
from llamavid_demo.model.llama_vid.vision import VisionTower


class LlamaVid(nn.Module):
    """Vision tower, text decoder, context attention, content projector and LLaMA."""

    def __init__(self, config: LlamaVidConfig) -> None:
        super().__init__()
        width, hidden = config.vision.width, config.llama.hidden_size
        self.config = config
        self.vision = VisionTower(config.vision)
        self.text_decoder = TextDecoder(config.text, width)
        self.context = ContextAttention(width, hidden)
        self.content = Content(config.projector, width, hidden, compress=config.compress)
        if config.second_eyes:
            self.drawn_gate = nn.Linear(width, 1)
        self.llama = LlamaForCausalLM(config.llama)

    def parts(self) -> dict[str, nn.Module]:
        """The network's parts by name."""
        eyes = nn.ModuleList([self.text_decoder, self.context, self.content])
        return {"LLaMA": self.llama, "vision tower": self.vision, "text decoder and projectors": eyes}

    def drawn(self, patches: torch.Tensor) -> torch.Tensor:
        """Which frames are of the world that the vision tower knows, bool (T,), from patches (T, N, C)."""
        return self.drawn_gate(patches.mean(dim=1))[:, 0] > 0

    def frame_tokens(
        self,
        patches: torch.Tensor,
        question_ids: torch.Tensor,
        question_mask: torch.Tensor,
        *,
        visual: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Frame tokens (T, 1+n, H), context token first, of patches (T, N, C) and one question or T (1|T, L).

        `visual` is what the text decoder looks at when it isn't the patches: the original's short-video path
        also shows it the CLS row, its movie path doesn't.
        """
        seen = patches if visual is None else visual
        return torch.cat(
            [self.context_tokens(patches, seen, question_ids, question_mask), self.content(patches)], dim=1
        )

    def context_tokens(
        self, patches: torch.Tensor, seen: torch.Tensor, question_ids: torch.Tensor, question_mask: torch.Tensor
    ) -> torch.Tensor:
        """Context tokens (T, 1, H) alone; the text decoder looks at the rows `seen`."""
        return self.context(self.text_decoder(seen, question_ids, question_mask), patches)
