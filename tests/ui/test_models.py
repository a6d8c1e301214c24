"""The models on offer: which, in what order, and that each is loaded once."""

import shutil
from pathlib import Path

import pytest

from llamavid_demo.errors import ModelError
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from llamavid_demo.ui import loading
from llamavid_demo.ui.models import Models, offered


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A folder of models: two checkpoints, and pictures."""
    for name in ("second", "first"):
        shutil.copytree(checkpoint, tmp_path / name)
    (tmp_path / "screenshots").mkdir()
    return tmp_path


def test_settings_model_is_first_and_named_once(folder: Path) -> None:
    assert list(offered(Settings(model="somebody/release", models=folder))) == ["release", "first", "second"]
    assert list(offered(Settings(model=str(folder / "second"), models=folder))) == ["second", "first"]
    assert list(offered(Settings(model=str(folder / "second"), models=folder / "none"))) == ["second"]


def test_what_the_settings_say_of_one_release_is_not_said_of_others(folder: Path) -> None:
    settings = Settings(model="release", models=folder, vision_tower=Path("eva"), bert=Path("bert"), device="cpu")
    on_offer = offered(settings)
    assert on_offer["release"] == settings
    own = Settings(model=str(folder / "first"), models=folder, device="cpu")
    assert on_offer["first"] == own.model_copy(update={"section_minutes": settings.section_minutes})  # the page's


@pytest.mark.parametrize("name", ["third", "", "../first", "{folder}/first"])
def test_only_names_on_offer_are_loaded(folder: Path, name: str) -> None:
    models = Models(Settings(model=str(folder / "first"), models=folder))
    with pytest.raises(ModelError, match="first, second"):
        models[name.format(folder=folder)]


def test_models_are_shared_and_loaded_one_after_the_other(
    folder: Path, micro: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(settings: Settings) -> LoadedModel:
        assert loading.ONE_AFTER_THE_OTHER.locked()
        loaded.append(Path(settings.model).name)
        return micro

    monkeypatch.setattr("llamavid_demo.model.load.load_chosen_model", load)
    models = Models(Settings(model=str(folder / "first"), models=folder))
    for name in (*models.names, *models.names):
        assert models[name].wait() is micro
    assert loaded == ["first", "second"]
    assert models["first"] is models["first"]
