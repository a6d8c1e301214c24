"""The model in the background: waited for, given up on, or missing."""

import asyncio
import gc
from pathlib import Path

import pytest

from llamavid_demo.errors import ModelError
from llamavid_demo.settings import Settings
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.work import Stopped


def test_model_is_ready_after_waiting(checkpoint: Path) -> None:
    model = BackgroundModel(Settings(model=str(checkpoint)))
    assert model.wait() is model.ready
    assert f"{checkpoint.name} is ready" in model.state()


def test_missing_model_is_named_on_the_page(tmp_path: Path) -> None:
    model = BackgroundModel(Settings(model=str(tmp_path / "nowhere")))
    with pytest.raises(ModelError, match="nowhere"):
        model.wait()
    assert model.ready is None
    assert 'role="alert"' in model.state()
    assert "nowhere" in model.state()


def test_arrival_of_a_missing_model_is_no_error_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = BackgroundModel(Settings(model=str(tmp_path / "nowhere")))
    asyncio.run(model.arrival())
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


def test_waiting_can_be_given_up(checkpoint: Path) -> None:
    def give_up() -> None:
        raise Stopped

    model = BackgroundModel(Settings(model=str(checkpoint)))
    with pytest.raises(Stopped):
        while model.ready is None:
            model.wait(give_up)
        raise Stopped  # it was faster
    assert model.wait() is not None
