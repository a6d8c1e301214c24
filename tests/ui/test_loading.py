"""The model in the background: waited for, given up on, or missing."""

import gc
import shutil
import threading
from pathlib import Path

import pytest

from llamavid_demo.chat.dialogue import Dialogue
from llamavid_demo.chat.ledger import Ledger
from llamavid_demo.chat.memory import count_model
from llamavid_demo.chat.scheduler import scheduler_of
from llamavid_demo.errors import ModelError, MovieError
from llamavid_demo.film import load_movie
from llamavid_demo.model.llama_vid.short import as_short
from llamavid_demo.model.loaded import LoadedModel
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


def test_a_short_clip_without_words_is_asked_about_as_the_original_does(
    checkpoint: Path, films: Path, tmp_path: Path
) -> None:
    model = BackgroundModel(Settings(model=str(checkpoint), cache_dir=tmp_path, max_new_tokens=2))
    loaded = model.wait()
    assert loaded

    def chat(name: str) -> Dialogue:
        reading = model.chat(load_movie(films / name), 0, threading.Event())
        try:
            while True:
                next(reading)
        except StopIteration as ended:
            talk: Dialogue = ended.value
            return talk

    spoken, clip = chat("harbour"), chat("a_quiet_road.mp4")
    assert spoken.model is loaded
    assert clip.model.section_prompt([""]).ids == as_short(loaded).section_prompt([""]).ids  # vicuna's
    assert clip.model.section_prompt([""]).ids != loaded.section_prompt([""]).ids
    assert scheduler_of(clip.model) is scheduler_of(loaded)  # they share a network
    assert shares_an_account(loaded, clip.model)
    turn = clip.ask("What is there?").finish()
    assert clip.heat_map(0.0, turn).sum().item() == pytest.approx(1, abs=1e-4)


def shares_an_account(model: LoadedModel, made_of_it: LoadedModel) -> bool:
    ledger = Ledger()
    return bool(count_model(ledger, model)) and not count_model(ledger, made_of_it)


def test_reading_ends_when_it_is_stopped(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    model = BackgroundModel(Settings(model=str(checkpoint), cache_dir=tmp_path))
    movie, stopping = load_movie(films / "harbour"), threading.Event()
    reading = model.chat(movie, 0, stopping)
    assert next(reading).stage == "frames"
    stopping.set()
    with pytest.raises(StopIteration) as ended:
        next(reading)
    assert ended.value.value is None
