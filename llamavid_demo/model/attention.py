"""Attention of a LLaMA that reads a film once: every conversation looks at the same prefix, and at its own tail.

What a token attends to is a `Reading`, which transformers hands through to the attention as a keyword argument of the
model's call. Scores of prefix and tail are computed apart and meet in one softmax, which is the merge by log-sum-exp
of Juravsky et al. 2024 ("Hydragen", equation 5) in a single pass: keys and values are never copied or concatenated.
"""

from dataclasses import dataclass, field
from functools import cached_property, partial
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

    A token counts with the mean over heads. Sums stay where their layers compute until `mass` is asked for.
    """

    positions: int
    layers: frozenset[int]
    _sums: dict[torch.device, torch.Tensor] = field(default_factory=dict)

    def add(self, layer: int, weights: torch.Tensor) -> None:
        """Count the attention (rows, up to `positions`) of one written token; a row is a head."""
        if layer in self.layers:
            if weights.device not in self._sums:
                self._sums[weights.device] = torch.zeros(self.positions, device=weights.device)
            self._sums[weights.device][: weights.shape[1]] += weights.float().mean(dim=0)

    @property
    def mass(self) -> torch.Tensor:
        """All sums together, (positions,) on the CPU."""
        return torch.stack([torch.zeros(self.positions), *(one.cpu() for one in self._sums.values())]).sum(dim=0)


class LastLayerWritten(Exception):  # noqa: N818 - news, no error
    """Ends the reading of a chunk whose keys and values are in every layer: nobody asks for what would follow."""


@dataclass
class PrefixReading:
    """A chunk of a section prompt, which becomes part of the prefix; it ends with `LastLayerWritten`."""

    prefix: Prefix
    _mask: torch.Tensor | None = None  # the same in every layer

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Causal attention over the prefix up to the chunk's end."""
        keys, values = (rows[None] for rows in self.prefix.write(layer, key[0], value[0]))
        if layer == self.prefix.layers - 1:
            raise LastLayerWritten
        attention = partial(nn.functional.scaled_dot_product_attention, scale=scaling)
        grouped, before = query.shape[1] != keys.shape[1], self.prefix.filled
        if not before:
            return attention(query, keys, values, is_causal=True, enable_gqa=grouped)
        if self._mask is None or self._mask.device != query.device:
            later = torch.ones(query.shape[2], keys.shape[2], dtype=torch.bool, device=query.device).triu(1 + before)
            self._mask = query.new_zeros(later.shape).masked_fill(later, float("-inf"))
        return attention(query, keys, values, attn_mask=self._mask, enable_gqa=grouped)


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
        """Attention over the prefix and causal attention over the tail, in one softmax."""
        own_keys, own_values = self.tail.write(layer, key[0], value[0])
        tokens, kv_heads = query.shape[2], key.shape[1]
        rows = (query[0] * scaling).unflatten(0, (kv_heads, -1)).flatten(1, 2)  # (kv heads, group·Q, D)
        own = rows @ own_keys.mT
        if tokens > 1:
            later = torch.ones(tokens, own.shape[2], dtype=torch.bool, device=rows.device).triu(1 + self.tail.length)
            own = own.masked_fill(later.repeat(rows.shape[1] // tokens, 1), float("-inf"))
        keys, values = self.prefix.read(layer, self.visible)
        film_weights, own_weights = joint_weights(scores_of(rows, keys), own)
        if self.watch is not None:  # of each group, the newest token
            self.watch.add(layer, film_weights[:, tokens - 1 :: tokens].flatten(0, 1))
        out = film_weights.to(values.dtype) @ values + own_weights.to(values.dtype) @ own_values
        return out.unflatten(1, (-1, tokens)).flatten(0, 1)[None]


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
        """Attention over each row's prefix and over its tail, in one softmax."""
        own_keys, own_values = self.batch.write(layer, key, value)  # (B, kv heads, T, D)
        queries = (query[:, :, 0] * scaling).unflatten(1, (key.shape[1], -1))  # (B, kv heads, group, D)
        own = queries @ own_keys.mT  # (B, kv heads, group, T)
        if self.batch.later is not None:
            own = own.masked_fill(self.batch.later, float("-inf"))
        out = torch.empty_like(queries)
        for rows in self.groups:
            seat, count = self.seats[rows[0]], len(rows)
            at = slice(None) if count == len(self.seats) else rows
            keys, values = seat.prefix.read(layer, seat.visible)
            film = scores_of(_side_by_side(queries[at]), keys)  # (kv heads, rows·group, P)
            film_weights, own_weights = joint_weights(film, _side_by_side(own[at]))
            self._watch(layer, rows, film_weights)
            seen = _row_by_row(film_weights.to(values.dtype) @ values, count)
            out[at] = seen + _row_by_row(own_weights.to(values.dtype), count) @ own_values[at]
        return out.flatten(1, 2)[:, :, None]

    @cached_property
    def groups(self) -> list[list[int]]:
        """Rows by what they see, each group in order; the same in every layer."""
        groups: dict[tuple[int, int], list[int]] = {}
        for row, seat in enumerate(self.seats):
            groups.setdefault((id(seat.prefix), seat.visible), []).append(row)
        return list(groups.values())

    def _watch(self, layer: int, rows: list[int], weights: torch.Tensor) -> None:
        """Tell the rows' watches of the weights (kv heads, rows·group, P) in a layer."""
        if any((watch := self.seats[row].watch) and layer in watch.layers for row in rows):
            for row, of_row in zip(rows, _row_by_row(weights, len(rows)), strict=True):
                if watch := self.seats[row].watch:
                    watch.add(layer, of_row.flatten(0, 1))


def scores_of(rows: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """Scores (heads, rows, K) of few scaled queries (heads, rows, D) on many keys (heads, K, D)."""
    return (keys @ rows.mT).mT  # on a CPU up to a third faster than the other way round


def joint_weights(film: torch.Tensor, own: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax over scores of a prefix (…, rows, P) and of a tail (…, rows, T) together, float32, in two parts."""
    weights = torch.cat([film, own], dim=-1).softmax(dim=-1, dtype=torch.float32)
    return weights[..., : film.shape[-1]], weights[..., film.shape[-1] :]


def _side_by_side(rows: torch.Tensor) -> torch.Tensor:
    """(rows, kv heads, group, X) → (kv heads, rows·group, X): one product for all rows."""
    return rows.transpose(0, 1).flatten(1, 2)


def _row_by_row(together: torch.Tensor, rows: int) -> torch.Tensor:
    """(kv heads, rows·group, X) → (rows, kv heads, group, X)."""
    return together.unflatten(1, (rows, -1)).transpose(0, 1)


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
