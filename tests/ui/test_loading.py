"""The model in the background: waited for, given up on, or missing."""

import gc
import shutil
import threading
from pathlib import Path

import pytest

from llamavid_demo.errors import ModelError, MovieError
from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.loading import BackgroundModel
from tests.ui.scripted import run


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
    run(model.arrival())
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


def test_waiting_can_be_given_up(checkpoint: Path) -> None:
    model, stopping = BackgroundModel(Settings(model=str(checkpoint))), threading.Event()
    stopping.set()
    assert model.wait(stopping) is None
    assert model.wait() is not None


def test_film_that_goes_while_it_is_read_is_explained(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    model = BackgroundModel(Settings(model=str(checkpoint), cache_dir=tmp_path))
    clip = tmp_path / "clip.mp4"
    shutil.copy(films / "a_quiet_road.mp4", clip)
    movie = load_movie(clip)
    clip.unlink()
    with pytest.raises(MovieError, match="no longer here"):
        list(model.chat(movie, 0, threading.Event()))


def test_reading_ends_when_it_is_stopped(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    model = BackgroundModel(Settings(model=str(checkpoint), cache_dir=tmp_path))
    movie, stopping = load_movie(films / "harbour"), threading.Event()
    reading = model.chat(movie, 0, stopping)
    assert next(reading).stage == "frames"
    stopping.set()
    with pytest.raises(StopIteration) as ended:
        next(reading)
    assert ended.value.value is None
