"""The released 7B learns with LoRA on a card of 24 GB, counted from its config."""

from dataclasses import replace

import pytest
from torch import nn

from llamavid_demo.model.llama_vid.config import read_config
from llamavid_demo.model.llama_vid.load import empty_network
from llamavid_demo.training.english.adapter import LINEAR
from llamavid_demo.training.real.memory import HALF, SINGLE, bytes_of_a_step
from llamavid_demo.training.real.stages import RANK, STAGES
from tests.model.test_real_layout import KEYS, RELEASED, SIZES_7B, keys_7b

NF4 = 0.5 + 0.127 / 8  # bytes of a weight with its scales, quantized twice themselves
LEARNING = 4 * SINGLE  # weight, gradient and AdamW's two moments
CUDA = 600_000_000  # bytes that CUDA and its libraries take


def room(number: int, tokens: int, *, lora: bool = True) -> float:
    """Bytes of a stage on one card: CUDA, what is frozen, what learns with its moments, and a step."""
    tower = {key: tuple(shape) for key, shape in KEYS["eva_vit_g"].items()}
    config = read_config({**RELEASED, **SIZES_7B}, keys_7b(), tower)
    stage = replace(STAGES[number], tokens=tokens)
    weights = 0.0
    for name, layer in empty_network(config).named_modules():
        for leaf, parameter in layer.named_parameters(recurse=False):
            in_llama, size = name.startswith("llama."), parameter.numel()
            linear = in_llama and isinstance(layer, nn.Linear) and name.rpartition(".")[2] in LINEAR
            if f"{name}.{leaf}".startswith(stage.learns) and not (lora and in_llama):
                weights += LEARNING * size
            else:
                weights += (NF4 if lora and linear else HALF) * size
            if lora and linear:
                added = RANK * sum(parameter.shape)
                weights += added * (LEARNING if "llama.".startswith(stage.learns) else SINGLE)
    return CUDA + weights + bytes_of_a_step(config, stage)


@pytest.mark.parametrize(("stage", "tokens"), [(1, 2048), (2, 2048), (3, 24576)])
def test_7b_with_lora_fits_24_gb(stage: int, tokens: int) -> None:
    assert 12e9 < room(stage, tokens) < 22e9


def test_what_does_not_fit_is_told_apart() -> None:
    assert room(3, 65536) > 24e9
    assert room(2, 2048, lora=False) > 100e9
