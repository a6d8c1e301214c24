"""Attention of a LLaMA that reads a film once: every conversation looks at the same prefix, and at its own tail.

What a token attends to is a `Reading`, which transformers hands through to the attention as a keyword argument of the
model's call. Attention over prefix and tail is computed apart and merged by log-sum-exp (Juravsky et al. 2024,
"Hydragen", equation 5), so the prefix is never copied and never concatenated to.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from llamavid_demo.model.kv_cache import Prefix, Tail, TailBatch

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
        """Count the attention (rows, up to `positions`) of one written token; a row is a head."""
        if layer in self.layers:
            self.mass[: weights.shape[1]] += weights.float().mean(dim=0).cpu()


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


@dataclass(frozen=True)
class Seat:
    """Where a conversation of a batch sits: before a prefix, of which `visible` tokens are seen."""

    prefix: Prefix
    visible: int
    watch: AttentionWatch | None = None


@dataclass
class BatchReading:
    """One new token of each conversation of a batch; those before the same prefix attend to it in one product."""

    batch: TailBatch
    seats: list[Seat]

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention over each row's prefix merged with that over its tail."""
        own_keys, own_values = self.batch.write(layer, key, value)  # (B, kv heads, T, D)
        queries = (query[:, :, 0] * scaling).unflatten(1, (key.shape[1], -1))  # (B, kv heads, group, D)
        ends = torch.tensor(self.batch.lengths, device=query.device)
        later = torch.arange(own_keys.shape[2], device=query.device) > ends[:, None]
        own = Partial.of(queries, own_keys, own_values, hidden=later[:, None, None])
        norms, films = torch.empty_like(own.norm), []
        for rows in self.groups:
            prefix, visible = self.seats[rows[0]].prefix, self.seats[rows[0]].visible
            together = queries[rows].transpose(0, 1).flatten(1, 2)  # (kv heads, rows·group, D)
            film = Partial.of(together, *prefix.read(layer, visible))
            norms[rows] = film.norm.unflatten(1, (len(rows), -1)).transpose(0, 1)
            films.append((rows, film))
        total = torch.logaddexp(norms, own.norm)
        out = own.share(total)
        for rows, film in films:
            whole = total[rows].transpose(0, 1).flatten(1, 2)  # (kv heads, rows·group, 1)
            out[rows] += film.share(whole).unflatten(1, (len(rows), -1)).transpose(0, 1)
            self._watch(layer, rows, film, whole)
        return out.flatten(1, 2)[:, :, None].to(query.dtype)

    @cached_property
    def groups(self) -> list[list[int]]:
        """Rows by what they see, each group in order; the same in every layer."""
        groups: dict[tuple[int, int], list[int]] = {}
        for row, seat in enumerate(self.seats):
            groups.setdefault((id(seat.prefix), seat.visible), []).append(row)
        return list(groups.values())

    def _watch(self, layer: int, rows: list[int], film: "Partial", total: torch.Tensor) -> None:
        if any((watch := self.seats[row].watch) and layer in watch.layers for row in rows):
            weights = (film.scores - total).exp().unflatten(1, (len(rows), -1)).transpose(0, 1)  # (rows, kv, group, P)
            for row, of_row in zip(rows, weights, strict=True):
                if watch := self.seats[row].watch:
                    watch.add(layer, of_row.flatten(0, 1))


@dataclass
class Partial:
    """Attention over a part of the keys: float32 `scores` (…, rows, K), their log-sum-exp `norm`, the values."""

    scores: torch.Tensor
    norm: torch.Tensor
    values: torch.Tensor

    @classmethod
    def of(
        cls, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, *, hidden: torch.Tensor | None = None
    ) -> "Partial":
        """Attention of scaled queries (…, rows, D) over keys and values (…, K, D)."""
        scores = (rows @ keys.mT).float()
        if hidden is not None:
            scores = scores.masked_fill(hidden, float("-inf"))
        return cls(scores, scores.logsumexp(dim=-1, keepdim=True), values)

    def share(self, total: torch.Tensor) -> torch.Tensor:
        """What this part adds to the whole, whose log-sum-exp is `total` (…, rows, 1)."""
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
