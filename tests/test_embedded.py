"""Which checkpoint starts when nobody names one, and how long its sections are."""

import importlib.util
import json
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from llamavid_demo import embedded as rooms
from llamavid_demo.embedded import embedded
from llamavid_demo.settings import Settings, minutes_at_once


@pytest.fixture
def best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint folder that stands for the best one, with nothing at hand that it needs."""
    (tmp_path / "config.json").write_text(json.dumps({"max_token": 8192}))
    monkeypatch.setattr(rooms, "BEST", tmp_path)
    for name in ("LLAMAVID_BASE", "SPACE_ID", "LLAMAVID_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def test_without_the_language_model_the_small_one_starts_and_says_why(best: Path) -> None:
    found = embedded()
    assert found.folder == rooms.SMALL and "language model" in found.lacking


def test_one_that_is_in_training_starts_only_when_named(best: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMAVID_BASE", "somewhere")
    (best / "config.json").write_text(json.dumps({"max_token": 8192, "in_training": True}))
    assert embedded() == (rooms.SMALL, "")


def test_a_base_that_was_named_will_do(best: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMAVID_BASE", "somewhere")
    assert embedded() == (best, "")


@pytest.mark.parametrize("there", [True, False])
def test_on_a_space_the_hub_is_asked_once(best: Path, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(base: str, file: str) -> str:
        asked.append((base, file))
        if not there:
            raise LocalEntryNotFoundError("no network")
        return file

    monkeypatch.setenv("SPACE_ID", "me/films")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    (best / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "owner/llama"}))
    rooms.base_on_hub.cache_clear()
    try:
        for _ in range(2):
            assert embedded() == ((best, "") if there else (rooms.SMALL, rooms.NOT_ON_HUB))
    finally:
        rooms.base_on_hub.cache_clear()
    assert asked == [("owner/llama", "config.json")]


def test_an_installed_package_will_do(best: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert embedded() == (best, "")
    assert Settings().model == str(best) and Settings().section_minutes == 15


def test_sections_are_as_long_as_a_model_reads_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"max_token": 65536}))
    assert minutes_at_once(str(tmp_path)) == 30
    (tmp_path / "config.json").write_text(json.dumps({"max_token": 1000}))
    assert minutes_at_once(str(tmp_path)) == 5
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 4096}))  # a release for short videos
    assert minutes_at_once(str(tmp_path)) == 5
    assert minutes_at_once("YanweiLi/somewhere-on-the-hub") == 30
    (tmp_path / "config.json").write_text("{}")
    assert minutes_at_once(str(tmp_path)) == 30
    (tmp_path / "config.json").write_text("no json")
    assert minutes_at_once(str(tmp_path)) == 30


def test_a_person_may_say_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMAVID_SECTION_MINUTES", "7")
    assert Settings(model=str(tmp_path)).section_minutes == 7
