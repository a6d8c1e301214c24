"""Where weights go and why."""

import pytest
import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.placement import choose_placement
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
