"""A model that waited on the CPU is brought to a card whole: no weight, and no tensor beside them, stays behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from tests.conftest import load_golden

MINI = Path(__file__).parents[1] / "golden" / "llava_mini"


def tensors(model: LoadedModel) -> Iterator[tuple[str, torch.Tensor]]:
    """The network's parameters and buffers, and tensors that its parts keep as mere attributes."""
    for name, part in model.network.named_modules():  # type: ignore[attr-defined]
        kept = {**part._parameters, **part._buffers, **vars(part)}
        yield from ((f"{name}.{key}", value) for key, value in kept.items() if isinstance(value, torch.Tensor))


@pytest.mark.parametrize("system", ["llama_vid", "llava_mini"])
def test_nothing_stays_on_the_cpu(system: str) -> None:
    waiting = {"device": "cpu", "dtype": "float16", "quantization": "none"}
    model = (
        load_golden(**waiting)
        if system == "llama_vid"
        else load_model(MINI / "ckpt", vision_tower=MINI / "clip", device="cpu", dtype="float16", quantization="none")
    )
    moved = model.moved("meta")
    assert moved is not model  # a scheduler and a ledger of its own
    assert moved.device.type == "meta" and moved.dtype == torch.float16
    assert [name for name, value in tensors(moved) if value.device.type != "meta"] == []
