"""Attention that can be watched: how much newly written tokens look at the positions before them."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

WATCHED = "watched_sdpa"


@dataclass
class AttentionWatch:
    """Sums, over watched layers and written tokens, of the attention on the first `positions` tokens.

    Each sum is a mean over heads; `mass` is (positions,) on the CPU.
    """

    positions: int
    layers: frozenset[int]
    mass: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.mass = torch.zeros(self.positions)

    def add(self, query: torch.Tensor, key: torch.Tensor, scaling: float) -> None:
        """Count the attention of the last query (1, heads, Q, D) over keys (1, kv heads, L, D)."""
        last = query[:, :, -1:].unflatten(1, (key.shape[1], -1))  # (1, kv heads, group, 1, D)
        weights = (last @ key[:, :, None].mT * scaling).float().softmax(dim=-1)  # (1, kv, group, 1, L)
        self.mass += weights.mean(dim=(0, 1, 2, 3))[: self.positions].cpu()


def watched_sdpa(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    watch: AttentionWatch | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """PyTorch's attention; `watch` reaches it as a keyword argument of the model's call."""
    if watch is not None and module.layer_idx in watch.layers:
        watch.add(query, key, scaling)
    return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)


AttentionInterface.register(WATCHED, watched_sdpa)
AttentionMaskInterface.register(WATCHED, sdpa_mask)
