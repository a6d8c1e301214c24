"""A film comes into the folder whole or not at all, whatever the server or the file is like."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import tomllib
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llamavid_demo.errors import DemoError, DownloadError, MovieError, SubtitleError
from llamavid_demo.film import find_movies, load_movie
from llamavid_demo.film.adding import NewFilm, add_film
from llamavid_demo.film.download import HEAD, Transfer
from llamavid_demo.film.poster import interest, make_poster
from tests.film.conftest import run_ffmpeg
from tests.film.film_server import Offer, serving

SRT = "1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n"
MOST = 100_000_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of black, then four of something; its index comes first, and it is longer than HEAD."""
    path = tmp_path_factory.mktemp("clips") / "The Clip (1968).mp4"
    black, seen = "color=black:size=320x180:rate=10:duration=2", "testsrc2=size=320x180:rate=10:duration=4"
    joined = f"{black}[b];{seen},noise=alls=60[s];[b][s]concat"
    run_ffmpeg("-f", "lavfi", "-i", joined, "-pix_fmt", "yuv420p", "-crf", 10, "-movflags", "+faststart", path)
    assert path.stat().st_size > 4 * HEAD
    return path


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    return tmp_path / "movies"


def add(film: NewFilm, movies: Path, most_bytes: int = MOST) -> tuple[Path, list[Transfer]]:
    work, steps = add_film(film, movies, most_bytes=most_bytes), []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as ended:
            return ended.value, steps


def refused(film: NewFilm, movies: Path, kind: type[DemoError], said: str, most_bytes: int = MOST) -> None:
    """It is refused in a sentence that says `said`, and nobody sees a film."""
    with pytest.raises(kind) as error:
        add(film, movies, most_bytes)
    assert said in str(error.value)
    assert find_movies(movies) == []


def test_a_file_with_its_subtitles(clip: Path, movies: Path, tmp_path: Path) -> None:
    source = tmp_path / clip.name
    source.write_bytes(clip.read_bytes())
    (tmp_path / "The Clip (1968).en.srt").write_text(SRT)
    (tmp_path / "The Clip (1968).de.srt").write_text("this is no subtitle file")
    (tmp_path / "Another.srt").write_text(SRT)
    folder, steps = add(NewFilm(str(source), licence="CC0-1.0"), movies)
    assert folder == movies / "the-clip-1968"
    assert {file.name for file in folder.iterdir()} == {"movie.mp4", "movie.en.srt", "movie.toml", "poster.jpg"}
    assert steps[-1] == Transfer("copy", clip.stat().st_size, clip.stat().st_size)
    movie = load_movie(folder)
    assert (movie.title, movie.year, movie.licence) == ("The Clip", 1968, "CC0-1.0")
    assert movie.subtitles and movie.subtitles.cues[0].text == "Good morning."
    assert str(tmp_path) not in (folder / "movie.toml").read_text()  # paths of this machine are nobody's business
    assert add(NewFilm(str(source)), movies) == (folder, [])


def test_a_name_that_is_taken(clip: Path, movies: Path, tmp_path: Path) -> None:
    add(NewFilm(str(clip)), movies)
    other = tmp_path / "other.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=size=128x72:rate=5:duration=1", "-pix_fmt", "yuv420p", other)
    with pytest.raises(MovieError, match="another film of this name"):
        add(NewFilm(str(other), name="the-clip-1968"), movies)
    with pytest.raises(MovieError, match="take 'up-there'"):
        add(NewFilm(str(other), name="../up there"), movies)
    assert len(find_movies(movies)) == 1


def test_notes_survive_any_title(clip: Path, movies: Path) -> None:
    title = 'Say "no"\\ \n[sections] \x7f\x00 = 1 🎬'
    folder, _ = add(NewFilm(str(clip), title=title, name="odd", licence="'''"), movies)
    notes = tomllib.loads((folder / "movie.toml").read_text("utf-8"))
    assert (notes["title"], notes["licence"], notes["questions"], len(notes["sections"])) == (title, "'''", [], 1)


def test_a_download_that_breaks_off_goes_on_where_it_was(clip: Path, movies: Path) -> None:
    body = clip.read_bytes()
    offer = Offer(body, etag='"one"', breaks=[HEAD + 5, 7])
    with serving({"/the%20clip.mp4?id=3": offer}) as host:
        source = f"{host.replace('//', '//me:secret@')}/the%20clip.mp4?id=3#t=5"
        film = NewFilm(source, sha256=hashlib.sha256(body).hexdigest())
        folder, steps = add(film, movies)
        assert offer.asked == ["", f"bytes={HEAD + 5}-", f"bytes={HEAD + 12}-"]
        assert steps[-1] == Transfer("download", len(body), len(body))
        assert (folder.name, load_movie(folder).title) == ("the-clip", "the clip")
        assert load_movie(folder).source == f"{host}/the%20clip.mp4?id=3"
        assert add(film, movies) == (folder, [])
    assert (folder / "movie.mp4").read_bytes() == body
    assert {file.name for file in folder.iterdir()} == {"movie.mp4", "movie.toml", "poster.jpg"}
    assert list(movies.iterdir()) == [folder]


def test_a_later_call_goes_on_unless_the_file_has_changed(clip: Path, movies: Path) -> None:
    body = clip.read_bytes()
    offer = Offer(body, etag='"one"', breaks=[HEAD, 0])
    with serving({"/clip.mp4": offer}) as host:
        film = NewFilm(f"{host}/clip.mp4")
        refused(film, movies, DownloadError, "goes on from there")
        offer.etag, offer.breaks = '"two"', [HEAD + 1, 0]
        offer.body = body[:100] + b"#" + body[101:]
        refused(film, movies, DownloadError, "goes on from there")
        folder, _ = add(film, movies)
    assert offer.asked == ["", *[f"bytes={HEAD}-"] * 2, *[f"bytes={HEAD + 1}-"] * 2]
    assert (folder / "movie.mp4").read_bytes() == offer.body


@pytest.mark.parametrize(("etag", "ranges"), [(None, True), ('W/"weak"', True), ('"one"', False)])
def test_where_a_server_cannot_go_on_it_begins_anew(clip: Path, movies: Path, etag: str | None, ranges: bool) -> None:
    with serving({"/clip.mp4": Offer(clip.read_bytes(), etag=etag, ranges=ranges, breaks=[HEAD])}) as host:
        folder, _ = add(NewFilm(f"{host}/clip.mp4"), movies)
    assert (folder / "movie.mp4").read_bytes() == clip.read_bytes()


def test_a_killed_download_leaves_no_film_and_goes_on(clip: Path, movies: Path) -> None:
    offer = Offer(clip.read_bytes(), etag='"one"', breaks=[2 * HEAD], silent=threading.Event())
    part = movies / ".clip.part" / "clip"
    with serving({"/clip.mp4": offer}) as host:
        words = ["add", f"{host}/clip.mp4", "--movies", str(movies), "--title", "A clip", "--name", "clip"]
        line = [sys.executable, "-m", "llamavid_demo", *words]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while not (part.exists() and part.stat().st_size >= HEAD):
                assert process.poll() is None
                os.sched_yield()
            with pytest.raises(MovieError, match="being added already"):
                add(NewFilm(f"{host}/clip.mp4"), movies)
            process.send_signal(signal.SIGKILL)
        offer.silent.set()
        assert find_movies(movies) == []
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"A clip, 0:06, no subtitles: it is in {movies / 'clip'}\n"
    assert offer.asked[1].startswith("bytes=")
    assert (movies / "clip" / "movie.mp4").read_bytes() == clip.read_bytes()


def test_what_was_whole_already_is_not_fetched_twice(clip: Path, movies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = Offer(clip.read_bytes(), etag='"one"')
    with serving({"/clip.mp4": offer}) as host:
        with monkeypatch.context() as broken:
            broken.setattr("llamavid_demo.film.adding.make_poster", lambda *_: sys.exit())
            with pytest.raises(SystemExit):
                add(NewFilm(f"{host}/clip.mp4"), movies)
        folder, steps = add(NewFilm(f"{host}/clip.mp4"), movies)
    assert steps == [] and offer.asked == ["", f"bytes={len(offer.body)}-"]
    assert (folder / "movie.mp4").read_bytes() == offer.body


def test_what_a_server_says_is_not_believed(clip: Path, movies: Path) -> None:
    body = clip.read_bytes()
    offers = {
        "/page.mp4": Offer(b"<!doctype html><title>No</title>" + b" " * 10 * HEAD),
        "/pages.mp4": Offer(b"<html>", endless=True),
        "/short.mp4": Offer(body[: HEAD // 2]),
        "/longer.mp4": Offer(body, length=2 * len(body)),
        "/endless.mp4": Offer(body, endless=True),
        "/huge.mp4": Offer(body, length=MOST + 1),
        "/list.mp4": Offer(b"#EXTM3U\nfile:///etc/passwd\n"),
        "/gone.mp4": Offer(b"gone", status=404),
        "/cut.mp4": Offer(body[: len(body) // 2]),
    }
    with serving(offers) as host:
        for name, kind, said in (
            ("page", MovieError, "is a web page"),
            ("pages", MovieError, "is a file of a kind"),  # by its first bytes: it would never end
            ("short", MovieError, "cut off"),
            ("longer", DownloadError, "broke off"),
            ("endless", DownloadError, "--most-gb"),
            ("huge", DownloadError, "--most-gb"),
            ("list", MovieError, "a playlist"),
            ("gone", DownloadError, "answers 404"),
            ("cut", MovieError, "cut off"),
        ):
            refused(NewFilm(f"{host}/{name}.mp4"), movies, kind, said, MOST // 10 if name == "endless" else MOST)
        refused(NewFilm(f"{host}/cut.mp4", sha256="0" * 64), movies, DownloadError, "it is another file")
        refused(NewFilm(f"{host}/cut.mp4", sha256="0"), movies, DownloadError, "64 digits")
    assert list(movies.iterdir()) == []


def test_addresses_lead_to_the_web_only(clip: Path, movies: Path) -> None:
    offers = {
        "/here.mp4": Offer(status=302, location="/clip.mp4"),
        "/file.mp4": Offer(status=302, location=clip.as_uri()),
        "/round.mp4": Offer(status=302, location="/round.mp4"),
        "/clip.mp4": Offer(clip.read_bytes()),
    }
    with serving(offers) as host:
        refused(NewFilm(f"{host}/file.mp4"), movies, DownloadError, "no address of http or https")
        refused(NewFilm(clip.as_uri()), movies, DownloadError, "no address of http or https")
        refused(NewFilm("ftp://127.0.0.1/clip.mp4"), movies, DownloadError, "no address of http or https")
        refused(NewFilm(f"{host}/round.mp4"), movies, DownloadError, "again and again")
        folder, _ = add(NewFilm(f"{host}/here.mp4"), movies)
    refused(NewFilm(f"{host}/clip.mp4"), movies / "none", DownloadError, "cannot be reached")
    assert folder.name == "here"


def test_a_full_disk_is_seen_before(clip: Path, movies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1, 1, 10_000_000))
    refused(NewFilm(str(clip)), movies, DownloadError, "10 MB free")
    with serving({"/clip.mp4": Offer(clip.read_bytes())}) as host:
        refused(NewFilm(f"{host}/clip.mp4"), movies, DownloadError, "10 MB free")


def test_subtitles_from_an_address_and_no_good_ones(clip: Path, movies: Path, tmp_path: Path) -> None:
    (tmp_path / "no.srt").write_text("nothing to read")
    film = Offer(clip.read_bytes())
    with serving({"/clip.mp4": film, "/text?lang=en": Offer(SRT.encode()), "/x.fr.vtt": Offer(SRT.encode())}) as host:
        refused(NewFilm(f"{host}/clip.mp4", subtitles=str(tmp_path / "no.srt")), movies, SubtitleError, "no.srt")
        refused(NewFilm(f"{host}/clip.mp4", subtitles=str(tmp_path / "gone.srt")), movies, SubtitleError, "gone.srt")
        assert film.asked == []  # they are looked at before the film, which takes longer
        folder, _ = add(NewFilm(f"{host}/clip.mp4", subtitles=f"{host}/text?lang=en"), movies)
        other, _ = add(NewFilm(f"{host}/clip.mp4", subtitles=f"{host}/x.fr.vtt", name="other"), movies)
    assert (folder / "movie.srt").read_text() == (other / "movie.fr.vtt").read_text() == SRT


def test_a_video_is_named_by_its_content(clip: Path, movies: Path, tmp_path: Path) -> None:
    run_ffmpeg("-i", clip, "-c", "copy", tmp_path / "a.mkv")
    (tmp_path / "a.mkv").rename(tmp_path / "a.mp4")
    folder, _ = add(NewFilm(str(tmp_path / "a.mp4")), movies)
    assert (folder / "movie.mkv").is_file()


def test_a_poster_shows_something(clip: Path, tmp_path: Path) -> None:
    assert 2 <= make_poster(clip, tmp_path / "poster.jpg") <= 4
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert poster.size == (320, 180)
        assert interest(np.asarray(poster)) > 4
