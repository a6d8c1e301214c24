"""The released sizes on the meta device: our network has exactly the released tensors."""

import json
import re
from pathlib import Path

import pytest

from llamavid_demo.model.llama_vid.config import read_config
from llamavid_demo.model.llama_vid.layout import our_checkpoint_key, our_tower_key, released_state
from llamavid_demo.model.llama_vid.load import empty_network

KEYS = json.loads((Path(__file__).parent.parent / "golden" / "real_7b_keys.json").read_text())
TO_13B = {4096: 5120, 11008: 13824}
SIZES_7B = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
SIZES_13B = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40}
RELEASED = {
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
    "max_token": 65536,
    "rms_norm_eps": 1e-5,
    "rope_scaling": {"factor": 16.0, "type": "linear"},
    "compress_type": "mean",
    "mm_projector_type": "mlp2x_gelu",
}


def keys_7b() -> dict[str, tuple[int, ...]]:
    return {key: tuple(shape) for key, shape in KEYS["checkpoint"].items()}


def keys_13b() -> dict[str, tuple[int, ...]]:
    """The 13B has the same extra keys, a wider LLaMA and eight more layers."""
    wider = {key: tuple(TO_13B.get(n, n) for n in shape) for key, shape in keys_7b().items()}
    layer = {key: shape for key, shape in wider.items() if key.startswith("model.layers.0.")}
    more = {re.sub(r"layers\.0\.", f"layers.{i}.", key): s for key, s in layer.items() for i in range(32, 40)}
    return wider | more


@pytest.mark.parametrize(("checkpoint", "sizes"), [(keys_7b(), SIZES_7B), (keys_13b(), SIZES_13B)], ids=["7B", "13B"])
def test_layout_matches_key_by_key(checkpoint: dict[str, tuple[int, ...]], sizes: dict[str, int]) -> None:
    tower = {key: tuple(shape) for key, shape in KEYS["eva_vit_g"].items()}
    config = read_config({**RELEASED, **sizes}, checkpoint, tower)
    ours, our_tower = released_state(empty_network(config).state_dict())
    assert {key: tuple(tensor.shape) for key, tensor in ours.items()} == checkpoint
    assert {key: tuple(tensor.shape) for key, tensor in our_tower.items()} == tower
    assert (config.vision.depth, config.vision.heads, config.vision.image) == (39, 16, 224)
    assert (config.text.layers, config.text.heads, config.text.queries) == (12, 12, 32)


def test_optional_tensors_are_tolerated() -> None:
    optional = [*KEYS["optional_checkpoint_buffers"], *KEYS["optional_checkpoint_vision_tower"]]
    assert [key for key in optional if our_checkpoint_key(key) is not None] == []
    assert [key for key in KEYS["optional_eva_extra_block"] if our_tower_key(key, depth=39) is not None] == []


def test_a_40th_block_in_the_tower_file_is_left_out() -> None:
    tower = {key: tuple(shape) for key, shape in (KEYS["eva_vit_g"] | KEYS["optional_eva_extra_block"]).items()}
    assert "blocks.39.norm1.weight" in tower
    assert read_config({**RELEASED, **SIZES_7B}, keys_7b(), tower).vision.depth == 39


def test_what_training_saves_beside_an_adapter_has_our_names() -> None:
    key = "model.mm_projector.weight"
    assert our_checkpoint_key(f"base_model.model.{key}") == our_checkpoint_key(key) != key
