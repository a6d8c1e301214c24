"""The released 7B learns with LoRA on a card of 24 GB, by what is reckoned before anything is loaded."""

from dataclasses import replace

import pytest

from llamavid_demo.model.llama_vid.config import read_config
from llamavid_demo.training.real.memory import Room, reckon
from llamavid_demo.training.real.stages import STAGES
from tests.model.test_real_layout import KEYS, RELEASED, SIZES_7B, keys_7b


def room(number: int, tokens: int, *, lora: bool = True) -> Room:
    tower = {key: tuple(shape) for key, shape in KEYS["eva_vit_g"].items()}
    config = read_config({**RELEASED, **SIZES_7B}, keys_7b(), tower)
    return reckon(config, replace(STAGES[number], tokens=tokens), lora=lora)


@pytest.mark.parametrize(("stage", "tokens"), [(1, 2048), (2, 2048), (3, 24576)])
def test_7b_with_lora_fits_24_gb(stage: int, tokens: int) -> None:
    assert 12e9 < room(stage, tokens).all < 22e9


def test_what_does_not_fit_is_known_before() -> None:
    assert room(3, 65536).all > 24e9
    assert room(2, 2048, lora=False).all > 100e9
