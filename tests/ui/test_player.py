"""Copies that browsers can play, and films that cannot be opened at all."""

from pathlib import Path

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.catalogue import bundled_movies
from llamavid_demo.ui.player import copy_path, is_playable, make_playable, subtitle_file
from llamavid_demo.ui.stills import Stills
from tests.ui.conftest import make_clip


def test_h264_in_mp4_is_played_as_it_is(films: Path, tmp_path: Path) -> None:
    movie = load_movie(films / "harbour")
    assert list(make_playable(movie, tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_other_codecs_get_a_copy_once(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=3, codec="mpeg4"))
    told = list(make_playable(movie, tmp_path / "copies"))
    copy = copy_path(movie, tmp_path / "copies")
    assert is_playable(load_movie(copy))
    assert load_movie(copy).duration == pytest.approx(3, abs=0.3)
    assert told
    changed = copy.stat().st_mtime_ns
    assert list(make_playable(movie, tmp_path / "copies")) == []
    assert copy.stat().st_mtime_ns == changed


def test_stopped_copy_leaves_nothing(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=3, codec="mpeg4"))
    copying = make_playable(movie, tmp_path / "copies")
    next(copying)
    assert list((tmp_path / "copies").iterdir())
    copying.close()
    assert list((tmp_path / "copies").iterdir()) == []


def test_subtitles_become_webvtt(films: Path, tmp_path: Path) -> None:
    path = subtitle_file(load_movie(films / "harbour"), tmp_path)
    assert path is not None
    assert path.read_text().startswith("WEBVTT\n")
    assert subtitle_file(load_movie(films / "a_quiet_road.mp4"), tmp_path) is None


def test_stills_are_pictures_of_the_film(films: Path) -> None:
    movie, stills = load_movie(films / "harbour"), Stills(kept=1)
    pictures = stills.at(movie, [0.0, 50.0])
    assert set(pictures) == {0.0, 50.0}
    assert pictures[0.0].startswith("data:image/jpeg;base64,")
    assert pictures[0.0] != pictures[50.0]
    assert set(stills.known(movie, [0.0, 50.0])) == {50.0}


def test_broken_films_are_left_out(films: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(MovieError, match="LLAMAVID_MOVIES"):
        bundled_movies(Settings(movies=tmp_path))
    (tmp_path / "quiet.mp4").write_bytes((films / "a_quiet_road.mp4").read_bytes())
    assert [movie.slug for movie in bundled_movies(Settings(movies=tmp_path))] == ["quiet"]
