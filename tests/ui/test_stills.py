"""Stills stay small, whatever shape a film has."""

import base64
import io
from pathlib import Path

from PIL import Image

from llamavid_demo.film import load_movie
from llamavid_demo.film.poster import make_poster
from llamavid_demo.ui.stills import WIDTH, Stills
from tests.film.conftest import run_ffmpeg


def test_stills_of_a_film_like_a_thread_are_pictures(tmp_path: Path) -> None:
    film = tmp_path / "thread.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=2x1080:d=1", "-c:v", "ffv1", film)
    address = Stills().at(load_movie(film), [0.0])[0.0]
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert picture.size == (WIDTH, 3 * WIDTH)


def test_poster_of_a_film_like_a_ribbon_is_a_picture(tmp_path: Path) -> None:
    film = tmp_path / "ribbon.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=4096x2:d=1", "-c:v", "ffv1", film)
    make_poster(film, tmp_path / "poster.jpg")
    assert Image.open(tmp_path / "poster.jpg").size == (8, 2)
