"""4-bit and 8-bit by bitsandbytes itself, on the CPU, and 4-bit by the kernel for CPUs where it has none."""

from pathlib import Path

import bitsandbytes as bnb
import pytest
import torch
from torch import nn

from llamavid_demo.model import int4_linear
from llamavid_demo.model.int4_linear import GROUP, Int4Linear
from llamavid_demo.model.load import load_model
from tests.conftest import load_golden

# How far logits may move, as a share of their spread, on weights that are random (the hardest to quantize).
BOUND = {"4bit": 0.25, "8bit": 0.05}
LAYER = {"4bit": bnb.nn.Linear4bit, "8bit": bnb.nn.Linear8bitLt}
CPUS = {"with bfloat16": True, "without": False}
PARTS = ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate", "mlp.up", "mlp.down")


@pytest.fixture(params=CPUS)
def cpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a model is loaded on: each of the two kinds of CPU, whatever this one is."""
    monkeypatch.setattr(int4_linear, "multiplies_bfloat16", lambda: CPUS[request.param])
    return request.param


@pytest.fixture
def bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are loaded as on a CPU where bitsandbytes has its kernel."""
    monkeypatch.setattr(int4_linear, "multiplies_bfloat16", lambda: True)


@pytest.mark.usefixtures("bitsandbytes")
@pytest.mark.parametrize("kind", ["4bit", "8bit"])
def test_only_the_llamas_linear_layers_are_quantized(wider_checkpoint: Path, kind: str) -> None:
    network = load_model(wider_checkpoint, device="cpu", quantization=kind).network
    quantized = {name for name, layer in network.named_modules() if isinstance(layer, LAYER[kind])}
    assert quantized == {f"llama.model.layers.{i}.{part}_proj" for i in range(2) for part in PARTS}
    assert all(network.get_submodule(name).weight.dtype in (torch.uint8, torch.int8) for name in quantized)
    assert network.llama.lm_head.weight.dtype == torch.float32


@pytest.mark.usefixtures("bitsandbytes")
def test_4bit_is_nf4_with_double_quantization(wider_checkpoint: Path) -> None:
    network = load_model(wider_checkpoint, device="cpu", quantization="4bit").network
    weight = network.llama.model.layers[0].mlp.up_proj.weight
    assert (weight.quant_type, weight.quant_state.nested, weight.nbytes) == ("nf4", True, 256 * 128 // 2)


@pytest.mark.usefixtures("cpu")
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


@pytest.mark.usefixtures("cpu")
def test_a_layer_too_narrow_for_the_blocks_keeps_its_type() -> None:
    network = load_golden(device="cpu", quantization="4bit").network
    assert not [layer for layer in network.modules() if isinstance(layer, (bnb.nn.Linear4bit, Int4Linear))]


def test_where_bitsandbytes_has_no_kernel_the_same_layers_are_in_4_bits(
    wider_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int4_linear, "multiplies_bfloat16", lambda: False)
    network = load_model(wider_checkpoint, device="cpu", quantization="4bit").network
    packed = {name: layer for name, layer in network.named_modules() if isinstance(layer, Int4Linear)}
    assert packed.keys() == {f"llama.model.layers.{i}.{part}_proj" for i in range(2) for part in PARTS}
    for layer in packed.values():
        held = layer.weight.nbytes + layer.scales.nbytes
        assert held == layer.in_features * layer.out_features * int4_linear.BITS / 8


@pytest.mark.parametrize("shape", [(1, 1, 128), (2, 7, 128), (300, 128), (0, 128)])
@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_a_layer_of_4_bits_multiplies_with_its_rounded_weights(shape: tuple[int, ...], bias: bool) -> None:
    plain = nn.Linear(128, 48, bias=bias)
    weight, rows = plain.weight.detach().clone(), torch.randn(shape)
    plain.__class__ = Int4Linear
    plain.weight = plain.pack(weight)
    rounded = plain(torch.eye(128)).T - (plain.bias[:, None] if bias else 0)
    given = plain(rows)
    assert (given.shape, given.dtype) == ((*shape[:-1], 48), torch.float32)
    expected = nn.functional.linear(rows.bfloat16().float(), rounded, plain.bias)
    assert torch.allclose(given, expected, atol=0.02)
    step = (weight.unflatten(1, (-1, GROUP)).amax(-1) - weight.unflatten(1, (-1, GROUP)).amin(-1)) / 15
    assert ((rounded - weight).abs().unflatten(1, (-1, GROUP)) <= 0.55 * step[..., None] + 1e-3).all()


@pytest.mark.parametrize("outputs", [48, 128])  # a block of outputs takes 64 at most, and 48 fill none of some CPUs
@torch.inference_mode()
def test_many_rows_are_multiplied_as_few_are(outputs: int) -> None:
    layer = nn.Linear(96, outputs)
    weight, rows = layer.weight.detach().clone(), torch.randn(2, int4_linear.MANY, 96).bfloat16().float()
    layer.__class__ = Int4Linear
    layer.weight = layer.pack(weight)
    few = torch.cat([layer(part) for part in rows.flatten(0, 1).split(100)])
    given = layer(rows)
    assert given.shape == (2, int4_linear.MANY, outputs)
    assert torch.allclose(given.flatten(0, 1), few, atol=0.02)
    if outputs == 128:
        assert torch.allclose(layer.unpacked(), layer(torch.eye(96)) - layer.bias, atol=2e-3)


@torch.inference_mode()
def test_its_weights_are_nearer_than_in_nf4() -> None:
    weight = torch.randn(256, 512)
    layer = nn.Linear(512, 256, bias=False)
    layer.__class__ = Int4Linear
    layer.weight = layer.pack(weight)
    nf4 = bnb.nn.Params4bit(weight.clone(), quant_type="nf4", compress_statistics=True).to("cpu")
    theirs = bnb.functional.dequantize_4bit(nf4.data, nf4.quant_state)
    assert (layer(torch.eye(512)).T - weight).norm() < 0.9 * (theirs - weight).norm()


def test_equal_weights_stay_what_they_are() -> None:
    layer = nn.Linear(64, 32, bias=False)
    layer.__class__ = Int4Linear
    layer.weight = layer.pack(torch.full((32, 64), 0.5))
    assert torch.allclose(layer(torch.ones(1, 64)), torch.full((1, 32), 32.0))
