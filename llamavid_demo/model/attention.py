"""Attention of a LLaMA that reads a film once: every conversation looks at the same prefix, and at its own tail.

What a token attends to is a `Reading`, which transformers hands through to the attention as a keyword argument of the
model's call. Scores of prefix and tail are computed apart and meet in one softmax (`joint_attention.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn.attention.bias import causal_lower_right
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from llamavid_demo.model.attention_watch import AttentionWatch, DraftWatch
from llamavid_demo.model.joint_attention import Block, Pair, attend_jointly, attend_unwatched
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import Tail, TailBatch

READING = "reading"


class Reading(Protocol):
    """What new tokens attend to, and where their keys and values go."""

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention of query (B, heads, Q, D), keys and values (B, kv heads, Q, D) in a layer → (B, heads, Q, D)."""


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
        """Causal attention over the prefix up to the chunk's end.

        On a card a mask of numbers and shared keys together would leave only PyTorch's slowest kernel, which holds all
        scores: there it is told in words.
        """
        keys, values = (rows[None] for rows in self.prefix.write(layer, key[0], value[0]))
        if layer == self.prefix.layers - 1:
            raise LastLayerWritten
        attention = partial(nn.functional.scaled_dot_product_attention, scale=scaling)
        grouped, before = query.shape[1] != keys.shape[1], self.prefix.filled
        if not before:
            return attention(query, keys, values, is_causal=True, enable_gqa=grouped)
        if query.device.type != "cpu":
            bias: Any = causal_lower_right(query.shape[2], keys.shape[2])
            return attention(query, keys, values, attn_mask=bias, enable_gqa=grouped)
        if self._mask is None:
            later = torch.ones(query.shape[2], keys.shape[2], dtype=torch.bool, device=query.device).triu(1 + before)
            self._mask = query.new_zeros(later.shape).masked_fill(later, float("-inf"))
        return attention(query, keys, values, attn_mask=self._mask, enable_gqa=grouped)


@dataclass
class TailReading:
    """New words of one conversation behind the first `visible` tokens of a prefix.

    `places` are the positions of all that the tail holds and will hold; without them they follow the section one by
    one. A token sees what came before it in the tail and stands before it: of the film, a second look sees what comes
    before its frame. Words behind the film don't see its `stale` tokens (P,): context tokens that looks have replaced.
    """

    prefix: Prefix
    tail: Tail
    visible: int
    watch: AttentionWatch | DraftWatch | None = None
    places: Sequence[int] | None = None
    stale: torch.Tensor | None = None
    _masks: tuple[Any, torch.Tensor | None, torch.Tensor | None] | None = None  # the same in every layer

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention over the prefix and causal attention over the tail, in one softmax.

        On a processor several tokens' weights are not made where nobody watches them: that takes half the time.
        """
        own, tokens = self.tail.write(layer, key[0], value[0]), query.shape[2]
        scaled, watched = query[0] * scaling, self.watch is not None and layer in self.watch.layers
        if tokens == 1 or query.device.type != "cpu" or (watched and isinstance(self.watch, DraftWatch)):
            return self._weigh(layer, scaled, own, 0, watched=watched)[None]
        if watched:
            self._weigh(layer, scaled, own, tokens - 1, watched=True)
        rows, blocks = self._blocks(layer, scaled, own, 0)
        return attend_unwatched(rows, blocks).unflatten(1, (-1, tokens)).flatten(0, 1)[None]

    def _weigh(self, layer: int, query: torch.Tensor, own: Pair, begin: int, *, watched: bool) -> torch.Tensor:
        """What scaled queries (heads, Q, D) find, from number `begin` on; the last is watched, or each of a draft."""
        tokens = query.shape[1] - begin
        rows, blocks = self._blocks(layer, query, own, begin)
        newest = slice(tokens - 1, None, tokens)  # of each group
        kept = slice(None) if isinstance(self.watch, DraftWatch) else newest
        attended = attend_jointly(rows, blocks, kept=kept if watched else None)
        if self.watch is not None and watched:
            weights = attended.kept.flatten(0, 1)
            self.watch.add(layer, weights[:, : self.visible], weights[:, self.visible :])
        return attended.found.unflatten(1, (-1, tokens)).flatten(0, 1)

    def _blocks(self, layer: int, query: torch.Tensor, own: Pair, begin: int) -> tuple[torch.Tensor, list[Block]]:
        """Rows (kv heads, group·Q, D) of queries (heads, Q, D) from number `begin` on, and what they may see."""
        film, words = (None if mask is None else mask[begin:] for mask in self._hidden(query.shape[1], query.device))
        rows = query[:, begin:].unflatten(0, (own[0].shape[0], -1)).flatten(1, 2)
        return rows, [self.prefix.block(layer, self.visible, hidden=film), Block(own, hidden=words)]

    @cached_property
    def looks(self) -> int:
        """Tokens of the tail that stand at their frames and not behind the section."""
        return sum(place < self.visible for place in self.places) if self.places else 0

    def next_places(self, tokens: int) -> Sequence[int]:
        """Positions of so many new tokens."""
        begin, end = self.tail.length, self.tail.length + tokens
        return self.places[begin:end] if self.places else range(self.visible + begin, self.visible + end)

    def drafting(self, row: Tail, tokens: int) -> "TailReading":
        """The same for so many further tokens of an answer, written to a tail or to a row of a batch."""
        places = None
        if self.places:
            begin = self.visible + len(self.places) - self.looks
            places = [*self.places, *range(begin, self.visible + row.length + tokens - self.looks)]
        watch = DraftWatch(self.watch, tokens) if isinstance(self.watch, AttentionWatch) else None
        return TailReading(self.prefix, row, self.visible, watch, places, self.stale)

    def _hidden(self, tokens: int, device: torch.device) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """What so many new tokens don't see, of the film (Q, P) and of the tail (Q, T); None: nothing."""
        key = self.tail.length, tokens, device
        if self._masks is None or self._masks[0] != key:
            end = self.tail.length + tokens
            places = torch.tensor((self.places or range(self.visible, self.visible + end))[:end], device=device)
            new = places[self.tail.length :, None]
            looking, film = bool((new < self.visible).any()), None
            if looking:
                film = new <= torch.arange(self.visible, device=device)
            if self.stale is not None:
                unseen = (new >= self.visible) & self.stale.to(device)
                film = unseen if film is None else film | unseen
            own = new <= places if tokens > 1 or looking else None
            if own is not None:
                own |= torch.ones_like(own).triu(1 + self.tail.length)
                own[:, self.tail.length :].fill_diagonal_(False)
            self._masks = key, film, own
        return self._masks[1:]


@dataclass
class BatchReading:
    """One new token for each row of a batch; rows behind the same prefix attend to it in one product.

    A row is the reading of its conversation, whose tail is in the batch.
    """

    batch: TailBatch
    rows: list[TailReading]

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
            first, count = self.rows[rows[0]], len(rows)
            at = slice(None) if count == len(self.rows) else rows
            stale = None if first.stale is None else first.stale.to(queries.device)[None]
            film = first.prefix.block(layer, first.visible, hidden=stale)
            watched = any((watch := self.rows[row].watch) and layer in watch.layers for row in rows)
            kept = slice(None) if watched else None
            attended = attend_jointly(_side_by_side(queries[at]), [film], more=_side_by_side(own[at]), kept=kept)
            if watched:
                self._watch(layer, rows, attended.kept, attended.more)
            own_weights = _row_by_row(attended.more.to(queries.dtype), count)
            out[at] = _row_by_row(attended.found, count) + own_weights @ own_values[at]
        return out.flatten(1, 2)[:, :, None]

    @property
    def next_places(self) -> list[list[int]]:
        """Positions (B, 1) of each row's new token."""
        lengths = self.batch.lengths
        return [[row.visible + length - row.looks] for row, length in zip(self.rows, lengths, strict=True)]

    @cached_property
    def groups(self) -> list[list[int]]:
        """Rows by what they see, each group in order; the same in every layer."""
        groups: dict[tuple[int, int, bool], list[int]] = {}
        for number, row in enumerate(self.rows):
            groups.setdefault((id(row.prefix), row.visible, row.stale is None), []).append(number)
        return list(groups.values())

    def _watch(self, layer: int, rows: list[int], film: torch.Tensor, own: torch.Tensor) -> None:
        """Tell the rows' watches of the weights (kv heads, rows·group, P or T) in a layer."""
        both = (_row_by_row(weights, len(rows)).flatten(1, 2) for weights in (film, own))
        for row, of_film, of_tail in zip(rows, *both, strict=True):
            if watch := self.rows[row].watch:
                watch.add(layer, of_film, of_tail)


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
