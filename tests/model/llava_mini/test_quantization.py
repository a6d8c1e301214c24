"""4-bit and 8-bit on the CPU: the LLaMA's layers and those of pre-fusion."""

from typing import Any

import bitsandbytes as bnb
import pytest
import torch
from torch import nn

from llamavid_demo.model.int4_linear import Int4Linear
from llamavid_demo.model.llava_mini.fused_frames import FusedWords
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from tests.model.llava_mini.conftest import load_tiny
from tests.model.llava_mini.test_fused_frames import frames_of, outcome

LAYERS = {"4bit": (bnb.nn.Linear4bit, Int4Linear), "8bit": bnb.nn.Linear8bitLt}  # on either kind of CPU
PARTS = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up")  # the fitting ones
# How far rows may move, as a share of their size, on weights that are random (the hardest to quantize).
BOUND = {"4bit": 0.5, "8bit": 0.05}


@pytest.mark.parametrize("kind", ["4bit", "8bit"])
def test_layers_of_the_llama_and_of_pre_fusion_are_quantized(kind: str) -> None:
    network = load_tiny(quantization=kind).network
    quantized = {name for name, layer in network.named_modules() if isinstance(layer, LAYERS[kind])}
    layers = [f"llama.model.layers.{i}" for i in range(len(network.llama.model.layers))]
    layers += [f"prefusion.layers.{i}" for i in range(len(network.prefusion.layers))]
    assert quantized == {f"{layer}.{part}_proj" for layer in layers for part in PARTS}
    assert {type(layer) for layer in network.projector if isinstance(layer, nn.Linear)} == {nn.Linear}


@pytest.mark.parametrize("kind", ["4bit", "8bit"])
def test_rows_move_no_further_than_stated(tiny: LoadedLlavaMini, film: torch.Tensor, kind: Any) -> None:
    words = tiny.words("", [("What is in the first scene?", None)], answers="raw")
    rows = [
        torch.cat([outcome(frames.rows()), outcome(frames.embed_words(words, state=FusedWords()))[0]])
        for frames in (frames_of(model, film) for model in (tiny, load_tiny(quantization=kind)))
    ]
    share = float((rows[0] - rows[1]).norm() / rows[0].norm())
    assert 0 < share < BOUND[kind], share
