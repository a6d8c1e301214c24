"""Names of tensors: the released files' on one side, our modules' on the other.

The vision tower has a file of its own; the rest are extra keys in the LLaMA's shards.
"""

import re
from collections.abc import Iterable, Mapping

import torch

TOWER_IN_SHARDS = "model.vision_tower.vision_tower."

_CHECKPOINT = (
    ("model.mm_projector.", "content.projector."),
    ("model.vlm_att_encoder.bert.", "text_decoder.qformer."),
    ("model.vlm_att_query", "text_decoder.queries"),
    ("model.vlm_att_ln.", "text_decoder.visual_norm."),
    ("model.vlm_att_projector.", "text_decoder.projector."),
    ("model.vlm_att_key_projector.", "context.key_projector."),
    ("model.vlm_att_val_projector.", "context.value_projector."),
    ("model.drawn_gate.", "drawn_gate."),
    ("model.", "llama.model."),
    ("lm_head.", "llama.lm_head."),
)
_QFORMER = (("attention.self.", "attention.attention."), ("embeddings.LayerNorm.", "embeddings.layernorm."))
_TOWER = (
    ("patch_embed.proj.", "embeddings.patch_embedding."),
    ("cls_token", "embeddings.class_embedding"),
    ("pos_embed", "embeddings.position_embedding"),
    ("blocks.", "encoder.layers."),
    (".norm1.", ".layer_norm1."),
    (".norm2.", ".layer_norm2."),
    (".attn.qkv.", ".self_attn.qkv."),
    (".attn.proj.", ".self_attn.projection."),
)
_BESIDE_ADAPTER = "base_model.model."  # peft's, before what LLaVA's training saves beside an adapter
_TOLERATED = re.compile(r"rotary_emb\.inv_freq$|embeddings\.position_ids$|^model\.vision_tower\.")
_TOWER_TOLERATED = re.compile(r"^(norm|head)\.")
_QKV_BIAS = re.compile(r"^(blocks\.\d+\.attn\.)([qv])_bias$")


def our_checkpoint_key(released: str) -> str | None:
    """Our name of a tensor in the shards; None for the ones that are tolerated but not used."""
    released = released.removeprefix(_BESIDE_ADAPTER)
    if _TOLERATED.search(released):
        return None
    for theirs, ours in _CHECKPOINT:
        if released.startswith(theirs):
            key = ours + released.removeprefix(theirs)
            return _replace(key, _QFORMER) if ours == "text_decoder.qformer." else key
    return released


def our_tower_key(released: str, *, depth: int) -> str | None:
    """Our name of a tensor of the tower file; None for blocks from `depth` on and for the unused norm and head."""
    block = re.match(r"blocks\.(\d+)\.", released)
    if _TOWER_TOLERATED.search(released) or (block and int(block[1]) >= depth):
        return None
    return "vision.tower." + _replace(released, _TOWER)


def fuse_qkv_bias(tower: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Join each block's `q_bias` and `v_bias` (the key has none) to the one `qkv.bias` of Hugging Face."""
    fused = {key: value for key, value in tower.items() if not _QKV_BIAS.match(key)}
    for key, q_bias in tower.items():
        match = _QKV_BIAS.match(key)
        if match and match[2] == "q" and f"{match[1]}v_bias" in tower:
            v_bias = tower[f"{match[1]}v_bias"]
            fused[f"{match[1]}qkv.bias"] = torch.cat([q_bias, torch.zeros_like(q_bias), v_bias])
    return fused


def released_state(
    network: Mapping[str, torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Turn our state dict back into (checkpoint, tower) with the released names."""
    checkpoint: dict[str, torch.Tensor] = {}
    tower: dict[str, torch.Tensor] = {}
    for key, value in network.items():
        if not key.startswith("vision.tower."):
            checkpoint[_released_checkpoint_key(key)] = value
            continue
        name = _restore(key.removeprefix("vision.tower."), _TOWER)
        if name.endswith("attn.qkv.bias"):
            stem = name.removesuffix("qkv.bias")
            tower[stem + "q_bias"], _, tower[stem + "v_bias"] = value.chunk(3)
        else:
            tower[name] = value
    return checkpoint, tower


def _released_checkpoint_key(key: str) -> str:
    for theirs, ours in _CHECKPOINT:
        if key.startswith(ours):
            restored = theirs + key.removeprefix(ours)
            return _restore(restored, _QFORMER) if "vlm_att_encoder" in theirs else restored
    raise KeyError(key)


def _replace(key: str, pairs: Iterable[tuple[str, str]]) -> str:
    for theirs, ours in pairs:
        key = key.replace(theirs, ours)
    return key


def _restore(key: str, pairs: Iterable[tuple[str, str]]) -> str:
    return _replace(key, [(ours, theirs) for theirs, ours in pairs])
