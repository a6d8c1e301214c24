"""4-bit and 8-bit by bitsandbytes itself, on the CPU."""

from pathlib import Path

import bitsandbytes as bnb
import pytest
import torch

from llamavid_demo.model.load import load_model
from tests.conftest import load_golden

# How far logits may move, as a share of their spread, on weights that are random (the hardest to quantize).
BOUND = {"4bit": 0.25, "8bit": 0.05}
LAYER = {"4bit": bnb.nn.Linear4bit, "8bit": bnb.nn.Linear8bitLt}
PARTS = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down")


@pytest.mark.parametrize("kind", ["4bit", "8bit"])
def test_only_the_llamas_linear_layers_are_quantized(wider_checkpoint: Path, kind: str) -> None:
    network = load_model(wider_checkpoint, device="cpu", quantization=kind).network
    quantized = {name for name, layer in network.named_modules() if isinstance(layer, LAYER[kind])}
    assert quantized == {f"llama.model.layers.{i}.{part}_proj" for i in range(2) for part in PARTS}
    assert all(network.get_submodule(name).weight.dtype in (torch.uint8, torch.int8) for name in quantized)
    assert network.llama.lm_head.weight.dtype == torch.float32


def test_4bit_is_nf4_with_double_quantization(wider_checkpoint: Path) -> None:
    network = load_model(wider_checkpoint, device="cpu", quantization="4bit").network
    weight = network.llama.model.layers[0].mlp.up_proj.weight
    assert (weight.quant_type, weight.quant_state.nested, weight.nbytes) == ("nf4", True, 256 * 128 // 2)


@pytest.mark.parametrize("kind", ["4bit", "8bit"])
@torch.no_grad()
def test_logits_move_no_further_than_stated(wider_checkpoint: Path, kind: str) -> None:
    ids = torch.randint(3, 600, (1, 64), generator=torch.Generator().manual_seed(1))
    logits = {
        form: load_model(wider_checkpoint, device="cpu", dtype="float32", quantization=form).network.llama(ids).logits
        for form in ("none", kind)
    }
    share = ((logits[kind] - logits["none"]).std() / logits["none"].std()).item()
    assert 0 < share < BOUND[kind], share


def test_a_layer_too_narrow_for_the_blocks_keeps_its_type() -> None:
    network = load_golden(device="cpu", quantization="4bit").network
    assert not [layer for layer in network.modules() if isinstance(layer, bnb.nn.Linear4bit)]
