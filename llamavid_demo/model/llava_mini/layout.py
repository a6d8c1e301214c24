"""Names of LLaVA-Mini's tensors: the released files' on one side, our modules' on the other."""

import re
from collections.abc import Mapping

import torch

TOWER_IN_SHARDS = "model.vision_tower.vision_tower.vision_model."
TOWER_IN_CLIP = "vision_model."
OUR_TOWER = "vision.clip."

_CHECKPOINT = (
    (TOWER_IN_SHARDS, OUR_TOWER),
    ("model.mm_projector.", "projector."),
    ("model.compressor.", "compressor."),
    ("model.prefusion_layers.", "prefusion.layers."),
    ("model.", "llama.model."),
    ("lm_head.", "llama.lm_head."),
)
_TOLERATED = re.compile(r"rotary_emb\.inv_freq$|embeddings\.position_ids$")


def our_checkpoint_key(released: str) -> str | None:
    """Our name of a tensor in the shards; None for the ones that are tolerated but not used."""
    released = plain_key(released)
    if _TOLERATED.search(released):
        return None
    for theirs, ours in _CHECKPOINT:
        if released.startswith(theirs):
            return ours + released.removeprefix(theirs)
    return released


def plain_key(released: str) -> str:
    """A tensor's name without what peft puts before those that are saved beside an adapter."""
    return released.removeprefix("base_model.model.")


def our_clip_key(released: str) -> str | None:
    """Our name of a tensor of a CLIP folder; None for its text tower, its projections and old buffers."""
    if _TOLERATED.search(released) or not released.startswith(TOWER_IN_CLIP):
        return None
    return OUR_TOWER + released.removeprefix(TOWER_IN_CLIP)


def released_state(network: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Turn our state dict back into the released names."""
    return {_released_key(key): value for key, value in network.items()}


def _released_key(key: str) -> str:
    for theirs, ours in _CHECKPOINT:
        if key.startswith(ours):
            return theirs + key.removeprefix(ours)
    raise KeyError(key)
