"""Pre-fusion at its lessons: many frames and their words in one causal pass, with gradients.

What it computes is `PreFusion`'s own; the attention is the one that trains fast on a CPU.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from llamavid_demo.model.llava_mini.prefusion import PreFusion
from llamavid_demo.training.learning import training_attention

Rotary = tuple[torch.Tensor, torch.Tensor]  # cosines and sines (1, L, D)


def read_rows(prefusion: PreFusion, rows: torch.Tensor, *, wanted: int) -> torch.Tensor:
    """Rows (T, L, H) of frames with their words behind them → the last `wanted` of each (T, wanted, H)."""
    rotary = rotary_of(prefusion, rows)
    *others, final = prefusion.layers
    for layer in others:
        rows = _layer(layer, rows, rotary, rows.shape[1])
    return _layer(final, rows, rotary, wanted)


def rotary_of(prefusion: PreFusion, rows: torch.Tensor) -> Rotary:
    """Cosines and sines of the places of rows (T, L, H)."""
    return prefusion.rotary(rows, torch.arange(rows.shape[1], device=rows.device)[None])


def looks(layer: Any, rows: torch.Tensor, rotary: Rotary, asked: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Attention (P, heads, L) in a layer that is entered by rows (T, L, H), of rows `asked` for by (frame, place)."""
    normed = layer.input_layernorm(rows)
    query, key = _rotated(layer, normed, "q_proj", rotary), _rotated(layer, normed, "k_proj", rotary)
    frames, places = torch.tensor(asked, device=rows.device).T
    query = query.transpose(1, 2).flatten(0, 1).index_select(0, frames * rows.shape[1] + places)  # (P, heads, D)
    scores = (query[:, :, None] @ key.index_select(0, frames).mT)[:, :, 0].float() * layer.self_attn.scaling
    later = torch.arange(rows.shape[1], device=rows.device) > places[:, None]
    return scores.masked_fill(later[:, None], float("-inf")).softmax(dim=-1)


def mean_over_frames(rows: torch.Tensor, film: torch.Tensor, weight: torch.Tensor, films: int) -> torch.Tensor:
    """Words (F, K, H) that read a frame each → those of `films` (films, K, H), float32.

    `film` (F,) says whose frame it was; `weight` (F,) of a film's frames sums to one.
    """
    weighted = rows.float() * weight[:, None, None]
    return weighted.new_zeros(films, *rows.shape[1:]).index_add(0, film, weighted)


def _layer(layer: Any, rows: torch.Tensor, rotary: Rotary, wanted: int) -> torch.Tensor:
    attention = layer.self_attn
    normed = layer.input_layernorm(rows)
    late = tuple(part[:, -wanted:] for part in rotary)
    query = _rotated(layer, normed[:, -wanted:], "q_proj", (late[0], late[1]))
    key = _rotated(layer, normed, "k_proj", rotary)
    value = attention.v_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    read, _ = training_attention(attention, query, key, value, None, scaling=attention.scaling)
    rows = rows[:, -wanted:] + attention.o_proj(read.flatten(2))
    return rows + layer.mlp(layer.post_attention_layernorm(rows))


def _rotated(layer: Any, normed: torch.Tensor, name: str, rotary: Rotary) -> torch.Tensor:
    """Queries or keys (T, heads, L, D)."""
    attention = layer.self_attn
    heads = getattr(attention, name)(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
    return apply_rotary_pos_emb(heads, heads, *rotary)[0]
