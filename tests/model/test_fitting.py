"""Weights that do not fit the memory that is free are held in 4 bits, or refused, before any is read."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model import fitting as fitting_module
from llamavid_demo.model import weights
from llamavid_demo.model.fitting import IN_FOUR_BITS, SHARE, loading_bytes
from llamavid_demo.model.load import empty_network, load_model, read_outline
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.settings import ROOT, Settings
from llamavid_demo.ui.language import speaking
from llamavid_demo.ui.loading import BackgroundModel

MINI = ROOT / "assets" / "llava-mini-tiny"
Room = Callable[[float], None]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Makes so many bytes of memory free, of what is taken of it."""

    def leave(count: float) -> None:
        monkeypatch.setattr(fitting_module, "free_bytes", lambda device: count / SHARE + 1)

    return leave


def needs(folder: Path, form: str | None) -> int:
    config, _ = read_outline(folder)
    return loading_bytes(empty_network(config), choose_placement("cpu", None, form or "none").held, torch.float32)


@pytest.mark.parametrize("mini", [False, True])
def test_what_does_not_fit_in_full_is_held_in_4_bits(
    wider_checkpoint: Path, room: Room, mini: bool, caplog: pytest.LogCaptureFixture
) -> None:
    folder = MINI if mini else wider_checkpoint
    room(needs(folder, None))
    assert not load_model(folder, device="cpu").shrunk
    room(needs(folder, None) - 10)
    model = load_model(folder, device="cpu")
    assert (model.quantization, model.shrunk) == ("4bit", True)
    assert IN_FOUR_BITS in caplog.text


def test_the_page_says_that_it_is_in_4_bits(wider_checkpoint: Path, room: Room) -> None:
    room(needs(wider_checkpoint, None) - 10)
    model = BackgroundModel(Settings(model=str(wider_checkpoint), device="cpu"))
    model.wait()
    assert "held in 4 bits" in model.state()
    with speaking("zh-CN"):
        assert "以 4 位存储" in model.state()


@pytest.mark.parametrize(
    ("options", "short", "said"),
    [
        ({"quantization": "none"}, None, r"needs .* GB for its weights and .* --quantization 4bit takes"),
        ({"dtype": "float32"}, None, "--quantization 4bit takes"),
        ({}, "4bit", "choose a smaller model, or close other programs"),
        ({"quantization": "4bit"}, "4bit", "choose a smaller model, or close other programs"),
    ],
)
def test_what_cannot_fit_or_was_named_is_refused_before_weights_are_read(
    wider_checkpoint: Path, room: Room, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], short: str | None,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(weights, "fill", lambda *args: pytest.fail("weights were read"))
    room(needs(wider_checkpoint, short) - 10)
    with pytest.raises(ModelError, match=said):
        load_model(wider_checkpoint, device="cpu", **options)  # type: ignore[arg-type]
