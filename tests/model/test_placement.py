"""Where weights go and why."""

from dataclasses import replace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.errors import ModelError
from llamavid_demo.model import placement as placement_module
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.placement import choose_placement, device_map
from llamavid_demo.model.quantization import prepare
from llamavid_demo.model.weights import lay_out
from tests.conftest import load_golden


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "toaster"}, "toaster"),
        ({"quantization": "3bit"}, "3bit"),
    ],
)
def test_unknown_choices_are_named(options: dict[str, str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        choose_placement(**{"device": None, "dtype": None, "quantization": None, **options})


def test_the_reason_is_given() -> None:
    placement = choose_placement("cpu", None, None)
    assert placement.quantization is None
    assert "cpu was asked for" in placement.reason
    assert "no quantization on a CPU" in placement.reason


def test_spreading_by_accelerate_gives_the_same_logits(micro: LoadedModel) -> None:
    spread = load_golden(device="auto", dtype="float32", quantization="none")
    ids = torch.arange(3, 40)[None]
    with torch.no_grad():
        ours, theirs = spread.network.llama(ids).logits, micro.network.llama(ids).logits
    assert torch.allclose(ours.cpu(), theirs, atol=1e-5)
    assert hasattr(spread.network.llama, "hf_device_map")


@pytest.mark.parametrize(("kind", "bits"), [("4bit", 4), ("8bit", 8), (None, 16)])
def test_quantized_layers_are_spread_by_what_they_take(
    monkeypatch: pytest.MonkeyPatch, kind: str | None, bits: int
) -> None:
    llama = lay_out(lambda: LlamaForCausalLM(LlamaConfig(
        vocab_size=640, hidden_size=256, intermediate_size=512, num_hidden_layers=8, num_attention_heads=4,
    )))  # fmt: skip
    if kind:
        prepare(llama, kind, torch.float16)
    layer = (4 * 256 * 256 + 3 * 256 * 512) * bits // 8 + 2 * 256 * 2
    rest = 2 * 640 * 256 * 2
    room = {0: 8 * layer + rest, 1: 8 * layer + rest, "cpu": 0}
    monkeypatch.setattr(placement_module, "get_max_memory", lambda: dict(room))
    spread = replace(choose_placement("cpu", "float16", kind or "none"), spread=True)
    placed = device_map(llama, spread)
    shares = [
        sum(name.startswith("model.layers") and device == card for name, device in placed.items()) for card in (0, 1)
    ]
    assert sum(shares) == 8 and min(shares) >= 2, placed  # both cards have some, though one could hold them all
    room[0] = rest // 2 + 2 * layer
    full = device_map(llama, spread, beside=2 * layer)
    assert not any(device == 0 for name, device in full.items() if name.startswith("model.layers")), full
