"""Stills stay small and few, whatever shape a film has, and go with it."""

import base64
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llamavid_demo.film import Movie, load_movie
from llamavid_demo.film.poster import make_poster
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import WIDTH, Stills
from tests.film.conftest import run_ffmpeg


@pytest.fixture
def movie(tmp_path: Path) -> Movie:
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x36:r=2:d=3", "-c:v", "ffv1", tmp_path / "clip.mkv")
    return load_movie(tmp_path / "clip.mkv")


def test_stills_of_a_film_like_a_thread_are_pictures(tmp_path: Path) -> None:
    film = tmp_path / "thread.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=2x1080:d=1", "-c:v", "ffv1", film)
    address = Stills().at(load_movie(film), [0.0])[0.0]
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert picture.size == (WIDTH, 3 * WIDTH)


def test_stills_are_kept_by_their_size_and_those_used_last(movie: Movie) -> None:
    unbounded = Stills().at(movie, [0.0, 1.0, 2.0])
    stills = Stills(most_letters=sum(map(len, unbounded.values())) - 1)
    for second in (0.0, 1.0):
        stills.at(movie, [second])
    stills.known(movie, [0.0])
    stills.at(movie, [2.0])
    assert set(stills.known(movie, [0.0, 1.0, 2.0])) == {0.0, 2.0}


@pytest.mark.parametrize(
    "leave", [lambda sessions: sessions.remove("a", "own-1"), lambda sessions: sessions.forget("a")]
)
def test_stills_of_a_visitors_film_go_with_it(movie: Movie, leave: Callable[[Sessions], object]) -> None:
    stills, others = Stills(), replace(movie, path=movie.path.with_name("other.mkv"))
    shutil.copy(movie.path, others.path)
    sessions = Sessions([movie], stills=stills)
    sessions.visit("a").own["own-1"] = others
    for film in (movie, others):
        stills.at(film, [0.0])
    leave(sessions)
    assert (set(stills.known(movie, [0.0])), set(stills.known(others, [0.0]))) == ({0.0}, set())


def test_the_log_does_not_tell_a_visitors_films_name(movie: Movie, caplog: pytest.LogCaptureFixture) -> None:
    own = replace(movie, slug="own-1")
    movie.path.unlink()
    assert Stills().at(own, [0.0]) == {}
    assert "no still of own-1" in caplog.text
    assert "clip" not in caplog.text


def test_poster_of_a_film_like_a_ribbon_is_a_picture(tmp_path: Path) -> None:
    film = tmp_path / "ribbon.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=4096x2:d=1", "-c:v", "ffv1", film)
    make_poster(film, tmp_path / "poster.jpg")
    assert Image.open(tmp_path / "poster.jpg").size == (8, 2)
