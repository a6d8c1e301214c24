"""A film's prefix and a conversation's tail, whatever their shapes, are attended to as in one softmax over both."""

from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llamavid_demo.model.attention import BatchReading, LastLayerWritten, PrefixReading, TailReading
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import Tail, TailBatch


class Shape(NamedTuple):
    """Heads of keys, query heads that share them, numbers a head."""

    kv_heads: int
    group: int
    width: int

    def tokens(self, rows: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries (rows, heads, count, D), keys and values (rows, kv heads, count, D)."""
        heads = (self.kv_heads * self.group, self.kv_heads, self.kv_heads)
        query, key, value = (torch.randn(rows, count_of, count, self.width) for count_of in heads)
        return 2 * query, key, value


SHAPES = st.builds(Shape, st.integers(1, 3), st.integers(1, 3), st.integers(1, 8))
CHUNKS = st.lists(st.integers(1, 9), min_size=1, max_size=4)
STALE = st.none() | st.lists(st.integers(0, 40), max_size=10)
SCALING = 0.3


def one_softmax(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Attention of (heads, Q, D) on (kv heads, K, D) but for what is `hidden` (Q, K)."""
    group = query.shape[0] // keys.shape[0]
    keys, values = (rows.double().repeat_interleave(group, dim=0) for rows in (keys, values))
    scores = (query.double() @ keys.mT * SCALING).masked_fill(hidden, float("-inf"))
    return scores.softmax(dim=-1) @ values


def filled(shape: Shape, chunks: list[int]) -> tuple[Prefix, torch.Tensor]:
    """A prefix of two layers, read chunk by chunk, and its keys and values (2, kv heads, P, D)."""
    prefix = Prefix(2, sum(chunks))
    query, keys, values = shape.tokens(1, sum(chunks))
    causal = torch.ones(sum(chunks), sum(chunks), dtype=torch.bool).triu(1)
    whole = one_softmax(query[0], keys[0], values[0], causal)
    for count in chunks:
        at = slice(prefix.filled, prefix.filled + count)
        reading, chunk = PrefixReading(prefix), (query[:, :, at], keys[:, :, at], values[:, :, at])
        assert torch.allclose(reading.attend(0, *chunk, SCALING)[0].double(), whole[:, at], atol=1e-5)
        with pytest.raises(LastLayerWritten):
            reading.attend(1, *chunk, SCALING)
        prefix.advance(count)
    return prefix, torch.cat([keys, values])


def hidden_tokens(stale: list[int] | None, visible: int) -> torch.Tensor | None:
    """The mask (P,) of a prefix's tokens that nobody behind it sees."""
    if stale is None:
        return None
    mask = torch.zeros(visible, dtype=torch.bool)
    mask[[place for place in stale if place < visible]] = True
    return mask


@given(SHAPES, CHUNKS, CHUNKS, st.floats(0, 1), STALE, st.integers(0, 99))
def test_a_tail_behind_a_prefix(
    shape: Shape, film: list[int], words: list[int], part: float, stale: list[int] | None, seed: int
) -> None:
    torch.manual_seed(seed)
    prefix, seen = filled(shape, film)
    visible = max(1, round(part * sum(film)))
    mask = hidden_tokens(stale, visible)
    reading = TailReading(prefix, Tail(2), visible, stale=mask)
    for count in words:
        query, key, value = shape.tokens(1, count)
        out = reading.attend(1, query, key, value, SCALING)
        reading.tail.advance(count)
        keys, values = torch.cat([seen[:, :, :visible], reading.tail.read(1)], dim=2)
        hidden = torch.ones(count, keys.shape[1], dtype=torch.bool).triu(1 + keys.shape[1] - count)
        hidden[:, :visible] = False if mask is None else mask
        assert torch.allclose(out[0].double(), one_softmax(query[0], keys, values, hidden), atol=1e-5)


@given(SHAPES, st.lists(CHUNKS, min_size=1, max_size=2), st.data(), STALE, st.integers(0, 99))
def test_rows_of_a_batch_behind_prefixes_of_their_own(
    shape: Shape, films: list[list[int]], data: st.DataObject, stale: list[int] | None, seed: int
) -> None:
    torch.manual_seed(seed)
    prefixes = [filled(shape, film) for film in films]
    lengths = data.draw(st.lists(st.integers(1, 70), min_size=1, max_size=4))
    batch, rows, seen = TailBatch(2), [], []
    for length in lengths:
        which = data.draw(st.integers(0, len(films) - 1))
        visible = data.draw(st.sampled_from([1, sum(films[which])]))
        tail = Tail(2)
        for layer in (0, 1):
            tail.write(layer, *(part[0] for part in shape.tokens(1, length)[1:]))
        tail.advance(length)
        own = tail.read(1).clone()
        batch.join(tail)
        rows.append(TailReading(prefixes[which][0], tail, visible, stale=hidden_tokens(stale, visible)))
        seen.append((prefixes[which][1][:, :, :visible], own))
    query, key, value = shape.tokens(len(rows), 1)
    out = BatchReading(batch, rows).attend(1, query, key, value, SCALING)
    for row, (film, own) in enumerate(seen):
        keys, values = torch.cat([film, own, torch.stack([key[row], value[row]])], dim=2)
        hidden = torch.zeros(1, keys.shape[1], dtype=torch.bool)
        if rows[row].stale is not None:
            hidden[:, : film.shape[2]] = rows[row].stale
        assert torch.allclose(out[row].double(), one_softmax(query[row], keys, values, hidden), atol=1e-5)
