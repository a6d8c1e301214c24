"""Linear layers in oneDNN's layout give what they gave before, for any number of rows."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from llamavid_demo.model import packed_linear
from llamavid_demo.model.packed_linear import PackedLinear, pack_linear


@pytest.mark.parametrize("shape", [(1, 1, 48), (2, 7, 48), (600, 48), (0, 48)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_gives_the_same(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(48, 80, bias=bias))
    rows = torch.randn(shape)
    with torch.inference_mode():
        expected = network(rows)
        pack_linear(network)
        assert type(network[0]) is PackedLinear
        assert torch.allclose(network(rows), expected, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_in_bfloat16_rows_stay_in_float32(bias: bool) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(48, 80, bias=bias))
    rows = torch.randn(5, 48)
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            expected = network(rows).float()
        pack_linear(network, torch.bfloat16)
        given = network(rows)
    assert given.dtype == torch.float32
    assert torch.allclose(given, expected, atol=1e-2)


@pytest.mark.parametrize("bias", [True, False])
def test_a_cpu_without_products_in_bfloat16_multiplies_single_rows_with_a_copy(
    bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_linear, "multiplies_bfloat16", lambda: False)
    network = nn.Sequential(nn.Linear(48, 80, bias=bias))
    rows = torch.randn(2, 48)
    with torch.inference_mode():
        exact = network(rows)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(rows[:1]).float()
        pack_linear(network, torch.bfloat16)
        for one in (rows[:1], rows[:1, None]):
            given = network(one)
            assert (given.shape, given.dtype) == ((*one.shape[:-1], 80), torch.float32)
            assert torch.allclose(given.view(1, 80), rounded, atol=1e-2)
            assert not torch.allclose(given.view(1, 80), exact[:1], atol=1e-5)
        assert torch.allclose(network(rows), exact, atol=1e-5)


def test_copies_and_saved_weights_are_plain_again() -> None:
    network = nn.Sequential(nn.Linear(48, 80))
    weight = network[0].weight.detach().clone()
    pack_linear(network)
    assert torch.equal(network.state_dict()["0.weight"], weight)
    assert type(deepcopy(network)[0]) is nn.Linear
    assert torch.equal(deepcopy(network)[0].weight, weight)


def test_other_types_stay_as_they_are() -> None:
    network = nn.Sequential(nn.Linear(48, 80, dtype=torch.float16), nn.LayerNorm(48))
    pack_linear(network)
    assert type(network[0]) is nn.Linear
