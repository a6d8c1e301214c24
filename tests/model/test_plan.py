"""The plan of the released 7B: what 24 GB hold."""

import math

import pytest

from llamavid_demo.model.llama_vid.config import LlamaVidConfig, read_config
from llamavid_demo.model.plan import GIB, plan_section
from tests.model.test_real_layout import KEYS, RELEASED, SIZES_7B, keys_7b


@pytest.fixture(scope="module")
def config() -> LlamaVidConfig:
    tower = {key: tuple(shape) for key, shape in KEYS["eva_vit_g"].items()}
    return read_config({**RELEASED, **SIZES_7B}, keys_7b(), tower)


def test_half_an_hour_fits_a_24_gb_card_in_4_bits(config: LlamaVidConfig) -> None:
    plan = plan_section(config, frames=1800, subtitle_tokens=6000, quantization="4bit")
    assert plan.frame_tokens == 3600
    assert plan.fits(24)
    assert plan.bytes_by_part["LLaMA"] / 1e9 == pytest.approx(3.9, abs=0.2)
    assert plan.bytes_by_part["KV cache"] == plan.tokens * 2 * 32 * 4096 * 2
    assert 4 < plan.bytes_by_part["KV cache"] / GIB < 5


def test_three_hours_do_not_fit(config: LlamaVidConfig) -> None:
    assert not plan_section(config, frames=10800, subtitle_tokens=30000, quantization="4bit").fits(24)


def test_keys_and_values_go_into_8_bits_where_they_would_not_fit(config: LlamaVidConfig) -> None:
    hour = {"frames": 3600, "subtitle_tokens": 12000, "quantization": "4bit"}
    full, small, large = (plan_section(config, **hour, gigabytes=size) for size in (24.0, 12.0, math.inf))
    assert (full.eight_bit, small.eight_bit, large.eight_bit) == (False, True, False)
    assert small.bytes_by_part["KV cache"] == small.tokens * 2 * 32 * 32 * (128 + 2)
    assert small.fits(12)
    assert not full.fits(12)


def test_more_tokens_than_the_model_reads_do_not_fit_any_card(config: LlamaVidConfig) -> None:
    assert not plan_section(config, frames=40000, subtitle_tokens=0, quantization="4bit").fits(1000)
