"""What is remembered of visitors, for how long, and what is forgotten."""

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.uploads import Uploads
from llamavid_demo.ui.visit import Asked, Brought, Conversation


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour")


def conversation() -> Conversation:
    return Conversation(SimpleNamespace(turns=[]))  # type: ignore[arg-type]


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


def test_conversation_belongs_to_its_model(movie: Movie) -> None:
    sessions = Sessions([movie], model="first")
    with_first = replace(conversation(), model="first")
    sessions.remember("a", "harbour", 0, with_first)
    sessions.choose("a", "second")
    assert (sessions.model("a"), sessions.model("b")) == ("second", "first")
    assert sessions.conversation("a", "harbour", 0) is None
    sessions.choose("a", "first")
    assert sessions.conversation("a", "harbour", 0) is with_first


def test_choice_of_a_model_outlives_a_broken_connection_and_is_bounded(movie: Movie) -> None:
    sessions = Sessions([movie], model="first", visits=2)
    for key in ("a", "b"):
        sessions.choose(key, "second")
    sessions.forget("a")
    assert sessions.model("a") == "second"
    sessions.choose("c", "second")
    assert [sessions.model(key) for key in ("a", "b", "c")] == ["first", "second", "second"]


def test_breaking_off_an_answer_leaves_a_film_that_is_being_brought(movie: Movie) -> None:
    visit = Sessions([movie]).visit("a")
    brought = visit.bringing = Brought()
    assert visit.break_off() is None
    assert not brought.stopping.is_set()
    visit.bringing, visit.asked = None, Asked("Where?", "harbour", 0)
    asked = visit.break_off()
    assert asked == Asked("Where?", "harbour", 0)
    assert asked.stopping.is_set()
    assert visit.break_off() is None
    assert not visit.busy


def test_stop_reaches_a_turn_that_begins_later(movie: Movie) -> None:
    asked, stopped = Asked("Where?", "harbour", 0), []
    asked.stop()
    asked.answered_by(SimpleNamespace(stop=lambda: stopped.append(True)))  # type: ignore[arg-type]
    assert stopped


def test_leaving_frees_films_conversations_and_work(movie: Movie) -> None:
    sessions = Sessions([movie])
    visit = sessions.visit("a")
    visit.own["own-1"] = movie
    asked = visit.asked = Asked("Where?", "harbour", 0)
    sessions.remember("a", "harbour", 0, conversation())
    sessions.remember("b", "harbour", 0, conversation())
    sessions.forget("a")
    assert asked.stopping.is_set()
    assert not visit.busy
    assert sessions.conversation("a", "harbour", 0) is None
    assert sessions.conversation("b", "harbour", 0) is not None
    assert not sessions.visit("a").own


def test_brought_films_are_deleted_with_the_last_visitor_who_has_them(movie: Movie, tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", grace=0)
    clip = uploads.files / "0123" / "clip.mp4"
    clip.parent.mkdir(parents=True)
    clip.touch()
    sessions = Sessions([movie], uploads=uploads)
    for key in ("a", "b"):
        uploads.hold(sessions.visit(key), "own-1", clip, movie.path)
    sessions.forget("a")
    assert clip.exists()
    sessions.forget("b")
    assert list(uploads.files.iterdir()) == []
    assert movie.path.exists()


def test_page_that_is_opened_anew_finds_its_own_films(movie: Movie, tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", grace=0)
    opened, chosen = (uploads.files / name / "clip.mp4" for name in ("0123", "4567"))
    for clip in (opened, chosen):
        clip.parent.mkdir(parents=True)
        clip.touch()
    sessions = Sessions([movie], uploads=uploads)
    before, own, bundled = sessions.visit("a"), conversation(), conversation()
    before.own["own-1"] = replace(movie, slug="own-1", path=opened)
    uploads.hold(before, "own-1", opened)
    uploads.hold(before, "boxes", chosen)
    sessions.remember("a", "own-1", 0, own)
    sessions.remember("a", "harbour", 0, bundled)
    sessions.leave("a")
    sessions.rejoin("b", "no ticket")
    assert not sessions.visit("b").own
    sessions.rejoin("b", before.ticket)
    assert [film.slug for film in sessions.movies("b")] == ["harbour", "own-1"]
    assert sessions.conversation("b", "own-1", 0) is own
    assert sessions.conversation("b", "harbour", 0) is None  # its browser brings the turns of that one
    assert list(sessions.visit("b").resting.values()) == [bundled]
    assert (opened.exists(), chosen.exists()) == (True, False)
    sessions.rejoin("c", before.ticket)
    assert not sessions.visit("c").own
    sessions.forget("b")
    assert not opened.exists()


def test_chat_that_rests_goes_from_page_to_page_until_its_subtitles_change(movie: Movie) -> None:
    sessions, bundled = Sessions([movie]), conversation()
    sessions.remember("a", "harbour", 0, bundled)
    for old, new in (("a", "b"), ("b", "c")):
        sessions.rejoin(new, sessions.visit(old).ticket)
        assert list(sessions.visit(new).resting.values()) == [bundled]
    sessions.begin_anew("c", "harbour")
    assert not sessions.visit("c").resting


def test_page_that_does_not_come_back_is_forgotten(movie: Movie) -> None:
    sessions = Sessions([movie], linger=0)
    visit, gone = sessions.visit("a"), threading.Event()
    visit.own["own-1"] = movie
    visit.subtitled["own-1"] = SimpleNamespace(stop_hearing=gone.set)  # type: ignore[assignment]
    asked = visit.asked = Asked("Where?", "harbour", 0)
    sessions.leave("a")
    assert asked.stopping.is_set()
    assert gone.wait(60)
    assert not sessions.visit("a").own


def test_own_film_goes_with_its_conversations(movie: Movie) -> None:
    sessions = Sessions([movie])
    visit = sessions.visit("a")
    visit.own["own-1"], visit.showing = replace(movie, slug="own-1"), ("own-1", 0)
    asked = visit.asked = Asked("Where?", "own-1", 0)
    for slug in ("own-1", "harbour"):
        sessions.remember("a", slug, 0, conversation())
    assert sessions.remove("a", "own-1").slug == "own-1"
    assert asked.stopping.is_set()
    assert sessions.conversation("a", "own-1", 0) is None
    assert sessions.conversation("a", "harbour", 0) is not None
    with pytest.raises(MovieError, match="no longer here"):
        sessions.remove("a", "own-1")


def test_visits_are_bounded(movie: Movie) -> None:
    sessions = Sessions([movie], visits=2)
    sessions.visit("a").own["own-1"] = movie
    asked = sessions.visit("a").asked = Asked("Where?", "harbour", 0)
    sessions.visit("b")
    sessions.visit("c")
    assert asked.stopping.is_set()
    assert not sessions.visit("a").own
