"""The released sizes on the meta device: our network has exactly the released tensors."""

import json
from pathlib import Path

import pytest

from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.llava_mini.config import read_config
from llamavid_demo.model.llava_mini.layout import TOWER_IN_SHARDS, our_checkpoint_key, our_clip_key, released_state
from llamavid_demo.model.llava_mini.load import empty_llava_mini
from llamavid_demo.model.plan import fused_bytes_per_frame, plan_section
from tests.model.llava_mini.conftest import FOLDER

REAL = Path(__file__).parent.parent.parent / "golden" / "real_8b_keys.json"
KEYS = {key: tuple(shape) for key, shape in json.loads(REAL.read_text()).items()}
SIZES = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
RELEASED = json.loads((FOLDER / "ckpt" / "config.json").read_text()) | SIZES
TOWER = {key.removeprefix(TOWER_IN_SHARDS): KEYS[key] for key in KEYS if key.startswith(TOWER_IN_SHARDS)}


def test_layout_matches_key_by_key() -> None:
    config = read_config(RELEASED, KEYS, TOWER)
    ours = released_state(empty_llava_mini(config).state_dict())
    assert {key: tuple(tensor.shape) for key, tensor in ours.items()} == KEYS
    assert config.clip == VisionConfig(width=1024, depth=24, heads=16, patch=14, image=336, mlp=4096)
    assert (config.clip.patches, config.tokens_per_frame, config.prefusion_layers) == (576, 1, 4)


def test_old_buffers_and_the_text_tower_are_tolerated() -> None:
    assert our_checkpoint_key("model.layers.0.self_attn.rotary_emb.inv_freq") is None
    assert our_checkpoint_key(TOWER_IN_SHARDS + "embeddings.position_ids") is None
    assert our_clip_key("vision_model.embeddings.position_ids") is None
    assert our_clip_key("text_model.final_layer_norm.weight") is None
    assert our_clip_key("vision_model.pre_layrnorm.bias") == "vision.clip.pre_layrnorm.bias"


def test_the_plan_of_the_8b() -> None:
    config = read_config(RELEASED, KEYS, TOWER)
    plan = plan_section(config, frames=1800, subtitle_tokens=4500, quantization="4bit", room=3e9)
    parts = plan.bytes_by_part
    assert plan.frame_tokens == 1800 and plan.fits(24)
    assert parts["LLaMA"] / 1e9 == pytest.approx(5.7, abs=0.1)  # 7 billion in 4 bits, table and head in 16
    assert parts["pre-fusion"] / 1e9 == pytest.approx(0.45, abs=0.02)
    assert parts["KV cache"] == plan.tokens * 2 * 32 * 8 * 128 * 2
    assert fused_bytes_per_frame(config, 2) / 1e6 == pytest.approx(9.45, abs=0.01)
    assert parts["keys of frames"] == 3e9 < 1800 * fused_bytes_per_frame(config, 2)
