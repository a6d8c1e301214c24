"""What is remembered of visitors, for how long, and what is forgotten."""

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.ui.sessions import Conversation, Relay, Sessions
from llamavid_demo.ui.work import Stopped, Work


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour")


def conversation() -> Conversation:
    return Conversation(SimpleNamespace(turns=[]), Relay(Work(lambda work: None)))  # type: ignore[arg-type]


def test_own_films_are_seen_by_their_visitor_only(movie: Movie) -> None:
    sessions = Sessions([movie])
    sessions.visit("a").own["own-1"] = replace(movie, slug="own-1")
    assert [film.slug for film in sessions.movies("a")] == ["harbour", "own-1"]
    assert [film.slug for film in sessions.movies("b")] == ["harbour"]
    with pytest.raises(MovieError, match="no longer here"):
        sessions.movie("b", "own-1")


def test_conversation_not_used_for_longest_makes_room(movie: Movie) -> None:
    sessions = Sessions([movie], conversations=2)
    first, second, third = conversation(), conversation(), conversation()
    sessions.remember("a", "harbour", 0, first)
    sessions.remember("a", "harbour", 1, second)
    assert sessions.conversation("a", "harbour", 0) is first
    sessions.remember("b", "harbour", 0, third)
    assert sessions.conversation("a", "harbour", 1) is None
    assert sessions.conversation("a", "harbour", 0) is first


def test_leaving_frees_films_conversations_and_work(movie: Movie) -> None:
    sessions = Sessions([movie])
    visit = sessions.visit("a")
    visit.own["own-1"] = movie
    work = visit.start(lambda work: None)
    sessions.remember("a", "harbour", 0, conversation())
    sessions.remember("b", "harbour", 0, conversation())
    sessions.forget("a")
    assert work.stopped
    assert work.abandoned
    assert sessions.conversation("a", "harbour", 0) is None
    assert sessions.conversation("b", "harbour", 0) is not None
    assert not sessions.visit("a").own


def test_brought_films_are_deleted_with_the_last_visitor_who_has_them(movie: Movie, tmp_path: Path) -> None:
    uploads, elsewhere = tmp_path / "uploads", tmp_path / "elsewhere"
    for folder in (uploads / "0123", elsewhere):
        folder.mkdir(parents=True)
        (folder / "clip.mp4").touch()
    sessions = Sessions([movie], uploads=uploads, grace=0)
    brought = replace(movie, slug="own-1", path=uploads / "0123" / "clip.mp4")
    sessions.visit("a").own.update({"own-1": brought, "own-2": replace(movie, path=elsewhere / "clip.mp4")})
    sessions.visit("b").own["own-1"] = brought
    forget(sessions, "a")
    assert brought.path.exists()
    forget(sessions, "b")
    assert list(uploads.iterdir()) == []
    assert (elsewhere / "clip.mp4").exists()


def forget(sessions: Sessions, key: str) -> None:
    """Forget a visit, and wait for the deletion that follows."""
    before = set(threading.enumerate())
    sessions.forget(key)
    for thread in set(threading.enumerate()) - before:
        thread.join()


def test_visits_are_bounded(movie: Movie) -> None:
    sessions = Sessions([movie], visits=2)
    sessions.visit("a").own["own-1"] = movie
    work = sessions.visit("a").start(lambda work: None)
    sessions.visit("b")
    sessions.visit("c")
    assert work.stopped
    assert not sessions.visit("a").own


def test_relay_breaks_reading_off_when_its_work_was_stopped() -> None:
    work = Work(lambda work: None)
    relay = Relay(work)
    relay("reading")
    work.stop()
    with pytest.raises(Stopped):
        relay("reading")
