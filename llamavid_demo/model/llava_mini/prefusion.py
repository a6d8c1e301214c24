"""Pre-fusion: text reads a frame's patches before the LLaMA, which then needs only few tokens a frame (section 4.2).

Each frame is a causal sequence `[grid of crops | patches | compressed | text]` of its own. What is visual never
depends on the text, so the two may be read apart, frames side by side: the keys and values that one pass leaves are
where the next goes on.
"""

import copy
from typing import Any

import torch
from torch import nn
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRotaryEmbedding, apply_rotary_pos_emb

Pair = tuple[torch.Tensor, torch.Tensor]  # a layer's keys and values (T, kv heads, rows, D)
Keys = tuple[Pair, ...]  # of each layer


class PreFusion(nn.Module):
    """A few LLaMA layers with weights of their own and no final norm."""

    def __init__(self, config: LlamaConfig, layers: int) -> None:
        super().__init__()
        config = copy.deepcopy(config)  # how the LLaMA attends is changed after loading
        config._attn_implementation = "sdpa"
        self.layers = nn.ModuleList(LlamaDecoderLayer(config, layer_idx=i) for i in range(layers))
        self.rotary = LlamaRotaryEmbedding(config)

    def forward(self, rows: torch.Tensor, past: Keys = (), *, wanted: int | None = None) -> tuple[torch.Tensor, Keys]:
        """Read rows (T, Q, H) behind what `past` has read: (T, Q, H), and the keys and values of all so far.

        With `wanted`, only so many of the last rows come back; of the others the final layer makes no more than
        keys and values, which saves most of its work.
        """
        count = rows.shape[1]
        begin = past[0][0].shape[2] if past else 0
        places = torch.arange(begin, begin + count, device=rows.device)[None]
        cos, sin = self.rotary(rows, places)  # (1, Q, D)
        read = _Read(past)
        for layer in self.layers[:-1]:
            rows = _apply(layer, rows, cos, sin, read)
        final: Any = self.layers[-1]
        skipped = 0 if wanted is None else count - wanted
        if skipped:
            read.update(*_keys(final, rows[:, :skipped], cos[:, :skipped], sin[:, :skipped]), final.self_attn.layer_idx)
        rows = _apply(final, rows[:, skipped:], cos[:, skipped:], sin[:, skipped:], read)
        return rows, tuple(read.layers)


class _Read:
    """What transformers' layers take for a cache: it hands each layer all keys and values up to the new rows."""

    def __init__(self, past: Keys) -> None:
        self.layers: list[Pair] = list(past)

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int) -> Pair:
        """Put keys and values (T, kv heads, Q, D) behind those of a layer and give all of them."""
        if layer == len(self.layers):
            self.layers.append((keys, values))
        else:
            old_keys, old_values = self.layers[layer]
            self.layers[layer] = (torch.cat([old_keys, keys], dim=2), torch.cat([old_values, values], dim=2))
        return self.layers[layer]

    def length(self, layer: int) -> int:
        """Rows that a layer has read."""
        return self.layers[layer][0].shape[2] if layer < len(self.layers) else 0


def _apply(layer: Any, rows: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, read: _Read) -> torch.Tensor:
    count, before = rows.shape[1], read.length(layer.self_attn.layer_idx)
    mask = None  # the layers are causal by themselves, if nothing goes before
    if before:
        mask = torch.ones(count, before + count, dtype=torch.bool, device=rows.device).tril(before)[None, None]
    return layer(rows, attention_mask=mask, position_embeddings=(cos, sin), past_key_values=read)


def _keys(layer: Any, rows: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> Pair:
    """A layer's keys and values (T, kv heads, Q, D) of rows (T, Q, H), and nothing else of it."""
    attention, normed = layer.self_attn, layer.input_layernorm(rows)
    keys = attention.k_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
    values = attention.v_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
    return apply_rotary_pos_emb(keys, keys, cos, sin)[1], values
