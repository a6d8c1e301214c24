"""What one machine has read of films, another finds in the store that they share."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import open_cache
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.shared_store import SharedStore, shared_store
from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, TokenCounter

URL = "memory://patches-of-a-test"
KEY: dict[str, object] = {"file": "a"}


@pytest.fixture
def stored() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/patches-of-a-test", recursive=True)


def machine(folder: Path) -> DiskCache:
    """The cache of one of several machines."""
    return DiskCache(folder, max_bytes=1_000_000, shared=SharedStore(URL))


def test_what_one_machine_put_another_finds(stored: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    tensor = torch.arange(6.0).view(2, 3)
    machine(tmp_path / "one").put("patches", KEY, tensor, about="a film")
    other = machine(tmp_path / "other")
    found = other.get("patches", KEY)
    assert found is not None and torch.equal(found, tensor)
    assert [entry.about for entry in other.entries()] == ["a film"]  # it is kept there: the store is asked once
    stored.rm("/patches-of-a-test", recursive=True)
    stored.mkdir("/patches-of-a-test")
    assert other.get("patches", KEY) is not None
    assert other.get("patches", {"file": "b"}) is None


def test_a_damaged_entry_of_the_store_is_made_again(
    stored: fsspec.AbstractFileSystem, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine(tmp_path / "one").put("patches", KEY, torch.zeros(100))
    (path,) = (name for name in stored.find("/patches-of-a-test") if name.endswith(".safetensors"))
    stored.pipe_file(path, stored.cat_file(path)[:50])
    other = machine(tmp_path / "other")
    assert other.get("patches", KEY) is None and "damaged" in caplog.text
    other.put("patches", KEY, torch.ones(100))
    found = machine(tmp_path / "third").get("patches", KEY)
    assert found is not None and found.sum() == 100


def test_a_store_that_fails_is_as_one_that_has_nothing(
    stored: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    stored.mkdir("/patches-of-a-test")
    for name in ("get_file", "put_file"):
        monkeypatch.setattr(type(stored), name, refuse)
    cache = machine(tmp_path / "one")
    assert cache.get("patches", KEY) is None
    cache.put("patches", KEY, torch.ones(3))
    assert cache.get("patches", KEY) is not None
    assert caplog.text.count("Access Denied") == 2


def test_a_store_that_nobody_knows_is_named() -> None:
    with pytest.raises(MovieError, match="nosuch://x cannot be opened"):
        shared_store("nosuch://x")
    assert shared_store(None) is None and shared_store(URL) is shared_store(URL)


def test_a_film_is_encoded_on_one_machine_alone(
    stored: fsspec.AbstractFileSystem, micro: LoadedModel, film: Movie, tmp_path: Path, counter: TokenCounter
) -> None:
    def answer(name: str, film: Movie = film) -> str:
        settings = Settings(cache_dir=tmp_path / name, max_new_tokens=4, shared_cache=URL)
        return MovieChat(micro, film, settings=settings, prefixes=PrefixCache(10**9)).ask(FIRST).finish().text

    first = answer("one")
    seen = counter.frames
    assert answer("other") == first
    assert counter.frames == seen > 0
    answer("third", replace(film, kept_in=tmp_path / "third" / "own"))  # a visitor's own film goes to no store
    assert counter.frames == 2 * seen
    own = open_cache(Settings(shared_cache=URL), replace(film, kept_in=tmp_path / "own"))
    assert own.shared is None
