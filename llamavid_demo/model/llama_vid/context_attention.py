"""Context attention: the text queries pick from a frame's patches what the question is about (eq. 1)."""

import torch
from torch import nn


class ContextAttention(nn.Module):
    """`mean_M(softmax(Q K(X)^T / sqrt(C)) X)`, projected to the LLaMA: the context token."""

    def __init__(self, visual_width: int, llama_width: int) -> None:
        super().__init__()
        self.key_projector = nn.Linear(visual_width, visual_width)
        self.value_projector = nn.Linear(visual_width, llama_width)

    def scores(self, queries: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
        """Attention (B, M, N) of text queries (B, M, C) over patches (B, N, C); rows sum to one.

        Queries are projected back instead of the many patches to keys: `q·(Wx + b)` is `(qW)·x` and `q·b`, which is the
        same for all patches and so nothing to the softmax.
        """
        return (queries @ self.key_projector.weight @ patches.mT * patches.shape[-1] ** -0.5).softmax(dim=-1)

    def forward(self, queries: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
        """Context token (B, 1, H) from text queries (B, M, C) and patches (B, N, C)."""
        pooled = (self.scores(queries, patches) @ patches).mean(dim=1, keepdim=True)  # (B, 1, C)
        return self.value_projector(pooled)
