"""The plan of the released 7B: what 24 GB hold."""

import pytest

from llamavid_demo.model.config import LlamaVidConfig, read_config
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


def test_more_tokens_than_the_model_reads_do_not_fit_any_card(config: LlamaVidConfig) -> None:
    assert not plan_section(config, frames=40000, subtitle_tokens=0, quantization="4bit").fits(1000)
