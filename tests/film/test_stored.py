"""Films in a store are fetched once, as a whole, and nowhere but into their folder."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film.stored import fetch_film, fetch_films

URL = "memory://films-of-a-test"
ROOT = "/films-of-a-test"


@pytest.fixture
def stored() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    for name, text in {"one/movie.mp4": b"one", "one/movie.srt": b"words", "two.mkv": b"two", ".hidden": b"?"}.items():
        system.pipe_file(f"{ROOT}/{name}", text)
    yield system
    system.rm(ROOT, recursive=True)


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_films_is_brought_here_once(
    stored: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"one/movie.mp4": "one", "one/movie.srt": "words", "two.mkv": "two"}
    fetch_films(URL, tmp_path)
    assert files(tmp_path) == here
    stored.pipe_file(f"{ROOT}/two.mkv", b"another")
    fetched = []
    get_file = type(stored).get_file
    monkeypatch.setattr(type(stored), "get_file", lambda *given: fetched.append(given[1]) or get_file(*given))
    fetch_films(URL, tmp_path)
    assert files(tmp_path) == here | {"two.mkv": "another"} and fetched == [f"{ROOT}/two.mkv"]


def test_one_film_is_brought_when_it_is_wanted(stored: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    fetch_film(URL, folder, folder / "one" / "movie.mp4")
    assert files(tmp_path) == {"films/one/movie.mp4": "one"}
    fetch_film(URL, folder, folder / "gone.mp4")
    fetch_film(URL, folder, tmp_path / "elsewhere" / "two.mkv")
    fetch_film(URL, folder, folder / ".." / "two.mkv")
    assert files(tmp_path) == {"films/one/movie.mp4": "one"}


def test_what_was_broken_off_leaves_nothing(
    stored: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_: object, there: str, here: str) -> None:
        Path(here).write_text("half")
        raise ConnectionError("the line is dead")

    monkeypatch.setattr(type(stored), "get_file", break_off)
    with pytest.raises(MovieError, match=f"films in {URL} could not be fetched .ConnectionError.: the line is dead"):
        fetch_films(URL, tmp_path)
    with pytest.raises(MovieError, match="could not be fetched"):
        fetch_film(URL, tmp_path, tmp_path / "two.mkv")
    assert files(tmp_path) == {}


def test_a_store_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(MovieError, match="nosuch://x cannot be opened"):
        fetch_films("nosuch://x", tmp_path)
