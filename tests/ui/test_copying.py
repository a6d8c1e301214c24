"""A copy for the player is made once for all who wait for it; without a browser and without ffmpeg."""

import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui import copying
from llamavid_demo.ui.copying import FAILED, Copies
from llamavid_demo.ui.player import CopyProgress, copy_path, playable_file
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.visit import WaitingPlayer
from tests.ui.conftest import make_clip
from tests.ui.test_read_ahead import PATIENCE, run

GIVEN = {"player": "the film", "copying": ""}


class Desk:
    """Visitors "a" and "b", two films that need a copy, and a way to copy that goes on when it is `allowed` to."""

    def __init__(self, movies: list[Movie], cache: Path) -> None:
        self.movies, self.trouble = movies, ""
        settings = Settings(cache_dir=cache)
        self.folder = cache / "page"
        self.sessions = Sessions(movies)
        self.copies = Copies(settings, self.sessions, self)  # type: ignore[arg-type]
        self.allowed = threading.Semaphore(0)
        self.begun: list[str] = []

    def video(self, key: str, movie: Movie) -> dict[str, Any] | None:
        """What `Screening` gives a page."""
        return GIVEN if playable_file(movie, self.folder) else None

    def make(self, movie: Movie, folder: Path) -> Iterator[CopyProgress]:
        """In place of `make_playable`."""
        self.begun.append(movie.slug)
        yield CopyProgress(1, 2)
        self.allowed.acquire(timeout=PATIENCE)
        if self.trouble:
            raise MovieError(self.trouble)
        folder.mkdir(exist_ok=True, parents=True)
        copy_path(movie, folder).touch()

    def open(self, visitor: str, film: int = 0) -> AsyncIterator[dict[str, Any]]:
        self.sessions.visit(visitor).waiting = WaitingPlayer(self.movies[film].slug)
        return self.copies.follow(visitor)

    def finish(self) -> None:
        """Wait for the threads that copy."""
        for thread in threading.enumerate():
            if thread.name == "copying":
                thread.join(PATIENCE)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    names = ("one.mkv", "two.mkv")
    desk = Desk([load_movie(make_clip(tmp_path / name, seconds=1)) for name in names], tmp_path / "cache")
    monkeypatch.setattr(copying, "LOOK_EVERY", 0)
    monkeypatch.setattr(copying, "make_playable", desk.make)
    return desk


async def halfway(told: AsyncIterator[dict[str, Any]]) -> None:
    """Follow until the bar says that one of two seconds is copied."""
    async for parts in told:
        if "1 of 2 seconds" in parts["copying"]:
            return


async def rest(told: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [parts async for parts in told]


def test_one_copy_serves_all_who_wait_for_it(desk: Desk) -> None:
    async def visits() -> list[list[dict[str, Any]]]:
        first, second = desk.open("a"), desk.open("b")
        await halfway(first)
        await halfway(second)
        desk.allowed.release()
        return [await rest(first), await rest(second)]

    assert run(visits()) == [[GIVEN], [GIVEN]]
    assert desk.begun == ["one"]
    assert run(rest(desk.open("a"))) == [GIVEN]
    assert run(rest(desk.copies.follow("a"))) == []  # the page has it
    assert desk.begun == ["one"]


def test_a_copy_that_has_begun_is_made_to_its_end_and_one_that_waits_is_dropped(desk: Desk) -> None:
    async def visits() -> None:
        first = desk.open("a")
        await halfway(first)
        second = desk.open("b", 1)
        assert "a copy is made" in (await anext(second))["copying"]
        for visitor in ("a", "b"):
            desk.sessions.forget(visitor)
        assert [await rest(first), await rest(second)] == [[], []]

    run(visits())
    desk.allowed.release()
    desk.finish()
    assert desk.begun == ["one"]
    assert desk.video("a", desk.movies[0]) == GIVEN
    assert desk.video("b", desk.movies[1]) is None


def test_who_turns_to_another_film_is_shown_no_more_of_the_first(desk: Desk) -> None:
    async def visits() -> list[dict[str, Any]]:
        first = desk.open("a")
        await halfway(first)
        desk.sessions.visit("a").waiting = None
        desk.allowed.release()
        return await rest(first)

    assert run(visits()) == []
    desk.finish()


def test_a_copy_that_fails_is_said_once_and_logged_in_one_line(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.trouble = "It is damaged."
    desk.allowed.release()
    caplog.set_level(logging.ERROR)
    assert FAILED in run(rest(desk.open("a")))[-1]["copying"]
    assert [record.getMessage() for record in caplog.records] == ["no copy for the player: It is damaged."]
    assert run(rest(desk.copies.follow("a"))) == []  # moving to another section does not try again
    desk.trouble = ""
    desk.allowed.release()
    assert run(rest(desk.open("a")))[-1] == GIVEN  # opening the film anew does


@pytest.mark.parametrize("halfway_gone", [True, False])
def test_a_film_that_has_gone_leaves_no_bar(desk: Desk, halfway_gone: bool) -> None:
    async def visit() -> list[dict[str, Any]]:
        told, shown = desk.open("a"), list[dict[str, Any]]()
        if halfway_gone:
            await halfway(told)
        desk.movies[0].path.unlink()
        desk.trouble = "It has gone."
        desk.allowed.release()
        with pytest.raises(MovieError):
            async for parts in told:
                shown.append(parts)
        return shown

    assert run(visit())[-1] == {"copying": ""}
    assert run(rest(desk.copies.follow("a"))) == []
    desk.finish()
