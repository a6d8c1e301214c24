"""Sequences of token ids with image marks: what of them is fused, what the LLaMA gets, and how a batch is padded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

IMAGE = -200  # the original's id of an image mark
IGNORED = -100  # label of a position that is not learned


def fused_slots(ids: torch.Tensor, raw: torch.Tensor | None = None) -> torch.Tensor:
    """Which of `ids` (L,) go through pre-fusion, bool (L,): all but image marks, token 0 and what `raw` marks.

    That token 0 (`!` in LLaMA 3.1) stays out is an accident of the original, which its weights were trained with.
    """
    return ids > 0 if raw is None else (ids > 0) & ~raw


def splice(ids: torch.Tensor, text: torch.Tensor, visual: Sequence[torch.Tensor], *, mark: int = IMAGE) -> torch.Tensor:
    """Rows (L', …) in which each mark of `ids` (L,) is taken by the next of `visual`, the others by rows of `text`.

    Rows may be embeddings (L, H) or labels (L,). Raises `ValueError` when marks and visuals don't match.
    """
    marks = (ids == mark).nonzero()[:, 0].tolist()
    if len(marks) != len(visual):
        raise ValueError(f"A prompt with {len(marks)} image marks cannot take {len(visual)} pictures or films.")
    pieces, begin = [], 0
    for place, rows in zip(marks, visual, strict=True):
        pieces += [text[begin:place], rows]
        begin = place + 1
    return torch.cat([*pieces, text[begin:]])


@dataclass(frozen=True)
class PaddedBatch:
    """Sequences of one batch: embeddings (B, L, H), bool mask (B, L), position ids (B, L) and labels (B, L).

    Padding is zeros; its places are masked, and labelled `IGNORED`.
    """

    embeds: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor
    labels: torch.Tensor


def without_padding(rows: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
    """The sequences of a batch (B, L) without what a bool mask (B, L) says is padding, on whichever side."""
    return [row[own] for row, own in zip(rows, mask.bool(), strict=True)]


def pad(embeds: Sequence[torch.Tensor], labels: Sequence[torch.Tensor], *, left: bool = False) -> PaddedBatch:
    """Put sequences (L_i, H) and their labels (L_i,) side by side, padded on the right, or on the left to generate."""
    side = "left" if left else "right"
    lengths = torch.tensor([len(rows) for rows in embeds], device=embeds[0].device)
    places = torch.arange(int(lengths.max()), device=lengths.device).expand(len(embeds), -1)
    places = places - (lengths.max() - lengths)[:, None] if left else places
    return PaddedBatch(
        embeds=nn.utils.rnn.pad_sequence(list(embeds), batch_first=True, padding_side=side),
        mask=(places >= 0) & (places < lengths[:, None]),
        positions=places.clamp(min=0),
        labels=nn.utils.rnn.pad_sequence(list(labels), batch_first=True, padding_value=IGNORED, padding_side=side),
    )
