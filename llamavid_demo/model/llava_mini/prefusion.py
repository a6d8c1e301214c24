"""Pre-fusion: text reads a frame's patches before the LLaMA, which then needs only few tokens a frame (section 4.2).

Each frame is a causal sequence `[grid of crops | patches | compressed | text]` of its own. What is visual never
depends on the text, so the two may be read apart, frames side by side: the keys and values that one pass leaves are
where the next goes on.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRotaryEmbedding, apply_rotary_pos_emb

from llamavid_demo.model.attention import READING

Pair = tuple[torch.Tensor, torch.Tensor]  # a layer's keys and values (T, kv heads, rows, D)
Keys = tuple[Pair, ...]  # of each layer
Watch = list[torch.Tensor]


class PreFusion(nn.Module):
    """A few LLaMA layers with weights of their own and no final norm."""

    def __init__(self, config: LlamaConfig, layers: int) -> None:
        super().__init__()
        config = copy.deepcopy(config)  # how the LLaMA attends is changed after loading
        config._attn_implementation = READING
        self.layers = nn.ModuleList(LlamaDecoderLayer(config, layer_idx=i) for i in range(layers))
        self.rotary = LlamaRotaryEmbedding(config)

    def forward(
        self, rows: torch.Tensor, *past: Keys, wanted: int | None = None, watch: Watch | None = None
    ) -> tuple[torch.Tensor, Keys]:
        """Read rows (T, Q, H) behind what `past` holds, piece by piece: (T, Q, H), and their keys and values.

        With `wanted`, only so many of the last rows come back; of the others the final layer makes no more than
        keys and values, which saves most of its work. `watch` collects, layer by layer, the attention
        (T, heads, Q, rows) on the first piece of the past.
        """
        count, before = rows.shape[1], sum(piece[0][0].shape[2] for piece in past)
        places = torch.arange(before, before + count, device=rows.device)[None]
        cos, sin = self.rotary(rows, places)  # (1, Q, D)
        reading = FrameReading(past, watch)
        for layer in self.layers[:-1]:
            rows = layer(rows, position_embeddings=(cos, sin), reading=reading)
        final: Any = self.layers[-1]
        skipped = 0 if wanted is None else count - wanted
        if skipped:
            reading.pass_over(final, rows[:, :skipped], cos[:, :skipped], sin[:, :skipped])
        rows = final(rows[:, skipped:], position_embeddings=(cos[:, skipped:], sin[:, skipped:]), reading=reading)
        return rows, reading.new


class FrameReading:
    """Rows of frames side by side: they see what their frame's `past` holds, and each other as they follow.

    Scores on past and new rows meet in one softmax, so that what is kept is never copied.
    """

    def __init__(self, past: Sequence[Keys], watch: Watch | None = None) -> None:
        self.past, self.watch = past, watch
        self._new: list[list[Pair]] = []  # of each layer, piece by piece

    @property
    def new(self) -> Keys:
        """Keys and values of the rows that were read."""
        return tuple(_joined(pieces) for pieces in self._new)

    def pass_over(self, layer: Any, rows: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> None:
        """Keep a layer's keys and values of rows (T, Q, H) without what they themselves look for."""
        attention, normed = layer.self_attn, layer.input_layernorm(rows)
        keys = attention.k_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        values = attention.v_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        self._new.append([(apply_rotary_pos_emb(keys, keys, cos, sin)[1], values)])

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        """Attention of query (T, heads, Q, D), and keys and values (T, kv heads, Q, D), in a layer."""
        if layer == len(self._new):
            self._new.append([])
        earlier = [*(piece[layer] for piece in self.past), *self._new[layer]]
        self._new[layer].append((key, value))
        if not earlier:
            grouped = query.shape[1] != key.shape[1]
            return nn.functional.scaled_dot_product_attention(
                query, key, value, is_causal=True, scale=scaling, enable_gqa=grouped
            )
        count = query.shape[2]
        rows = (query * scaling).unflatten(1, (key.shape[1], -1)).flatten(2, 3)  # (T, kv heads, group·Q, D)
        later = torch.ones(count, count, dtype=torch.bool, device=rows.device).triu(1)
        own = (rows @ key.mT).masked_fill(later.repeat(rows.shape[2] // count, 1), float("-inf"))
        scores = [rows @ keys.mT for keys, _ in earlier]
        weights = torch.cat([*scores, own], dim=-1).softmax(dim=-1, dtype=torch.float32).to(value.dtype)
        parts = weights.split([part.shape[-1] for part in (*scores, own)], dim=-1)
        if self.watch is not None:
            self.watch.append(parts[0].unflatten(2, (-1, count)).flatten(1, 2))
        out = sum(part @ values for part, (_, values) in zip(parts, [*earlier, (key, value)], strict=True))
        return out.unflatten(2, (-1, count)).flatten(1, 2)


def _joined(pieces: Sequence[Pair]) -> Pair:
    if len(pieces) == 1:
        return pieces[0]
    keys, values = zip(*pieces, strict=True)
    return torch.cat(keys, dim=2), torch.cat(values, dim=2)
