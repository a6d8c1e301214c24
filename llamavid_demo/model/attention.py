"""Attention of a LLaMA that reads a film once: every conversation looks at the same prefix, and at its own tail.

What a token attends to is a `Reading`, which transformers hands through to the attention as a keyword argument of the
model's call. Attention over prefix and tail is computed apart and merged by log-sum-exp (Juravsky et al. 2024,
"Hydragen", equation 5), so the prefix is never copied and never concatenated to.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from llamavid_demo.model.kv_cache import Prefix, Tail

READING = "reading"


class Reading(Protocol):
    """What new tokens attend to, and where their keys and values go."""

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention of query (B, heads, Q, D), keys and values (B, kv heads, Q, D) in a layer → (B, heads, Q, D)."""


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

    def add(self, layer: int, weights: torch.Tensor) -> None:
        """Count the attention (rows, positions) of one written token; a row is a head."""
        if layer in self.layers:
            self.mass += weights.float().mean(dim=0)[: self.positions].cpu()


@dataclass
class PrefixReading:
    """A chunk of a section prompt, which becomes part of the prefix."""

    prefix: Prefix

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Causal attention over the prefix up to the chunk's end."""
        keys, values = (rows[None] for rows in self.prefix.write(layer, key[0], value[0]))
        tokens, seen = query.shape[2], keys.shape[2]
        mask = torch.ones(tokens, seen, dtype=torch.bool, device=query.device).tril(seen - tokens)
        grouped = query.shape[1] != keys.shape[1]
        return nn.functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, scale=scaling, enable_gqa=grouped
        )


@dataclass
class TailReading:
    """New words of one conversation behind the first `visible` tokens of a prefix."""

    prefix: Prefix
    tail: Tail
    visible: int
    watch: AttentionWatch | None = None

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention over the prefix merged with causal attention over the tail."""
        own_keys, own_values = self.tail.write(layer, key[0], value[0])
        tokens, kv_heads = query.shape[2], key.shape[1]
        rows = (query[0] * scaling).unflatten(0, (kv_heads, -1)).flatten(1, 2)  # (kv heads, group·Q, D)
        later = torch.ones(tokens, own_keys.shape[1], dtype=torch.bool, device=rows.device)
        later = later.triu(1 + own_keys.shape[1] - tokens).repeat(rows.shape[1] // tokens, 1)
        film = Partial.of(rows, *self.prefix.read(layer, self.visible))
        own = Partial.of(rows, own_keys, own_values, hidden=later)
        total = torch.logaddexp(film.norm, own.norm)
        if self.watch is not None:
            last = slice(tokens - 1, None, tokens)  # of each group, the newest token
            self.watch.add(layer, (film.scores[:, last] - total[:, last]).exp().flatten(0, 1))
        out = film.share(total) + own.share(total)
        return out.unflatten(1, (-1, tokens)).flatten(0, 1)[None].to(query.dtype)


@dataclass
class Partial:
    """Attention over a part of the keys: float32 `scores` (kv heads, rows, K), their log-sum-exp `norm`, the values."""

    scores: torch.Tensor
    norm: torch.Tensor
    values: torch.Tensor

    @classmethod
    def of(
        cls, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, *, hidden: torch.Tensor | None = None
    ) -> "Partial":
        """Attention of scaled queries (kv heads, rows, D) over keys and values (kv heads, K, D)."""
        scores = (rows @ keys.mT).float()
        if hidden is not None:
            scores = scores.masked_fill(hidden, float("-inf"))
        return cls(scores, scores.logsumexp(dim=-1, keepdim=True), values)

    def share(self, total: torch.Tensor) -> torch.Tensor:
        """What this part adds to the whole, whose log-sum-exp is `total` (kv heads, rows, 1)."""
        return (self.scores - total).exp().to(self.values.dtype) @ self.values


def reading_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    reading: Reading | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as the reading says; without one, PyTorch's over what transformers hands over."""
    if reading is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    layer: Any = module.layer_idx
    return reading.attend(layer, query, key, value, scaling).transpose(1, 2).contiguous(), None


AttentionInterface.register(READING, reading_attention)
AttentionMaskInterface.register(READING, sdpa_mask)
