"""Copies that browsers can play, and films that cannot be opened at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import FrameFormat, Movie, load_movie, read_frames
from llamavid_demo.film.probe import probe
from llamavid_demo.settings import Settings
from llamavid_demo.ui import player
from llamavid_demo.ui.catalogue import bundled_movies
from llamavid_demo.ui.player import (
    ENCODER,
    copy_path,
    is_playable,
    make_playable,
    playable_file,
    seconds_written,
    subtitle_file,
    trim,
)
from llamavid_demo.ui.stills import Stills
from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import CUES, make_clip

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p")
PLAYED = {
    "high.mp4": (*H264, *AAC),
    "mp3.mp4": (*H264, "-c:a", "mp3"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-pix_fmt", "yuv420p", "-c:a", "libvorbis"),
    "vp9.webm": (*VP9, "-c:a", "libopus"),
}
# name, encoder, then of the copy: its kind, whether pictures are copied, and its sound
COPIED = {
    "h264.mkv": ((*H264, *AAC), ".mp4", True, "aac"),
    "h264.mov": ((*H264, *AAC), ".mp4", True, "aac"),
    "stream.mp4": ((*H264, *AAC, "-f", "mpegts"), ".mp4", True, "aac"),
    "ac3.mp4": ((*H264, "-c:a", "ac3"), ".mp4", True, "aac"),
    "vp9.mkv": ((*VP9, *AAC), ".webm", True, "opus"),
    "10bit.mp4": (("-c:v", "libx264", "-pix_fmt", "yuv420p10le", *AAC), ".mp4", False, "aac"),
    "444.mp4": (("-c:v", "libx264", "-pix_fmt", "yuv444p", *AAC), ".mp4", False, "aac"),
    "hevc.mp4": (("-c:v", "libx265", "-x265-params", "log-level=0", "-pix_fmt", "yuv420p", "-an"), ".mp4", False, None),
    "h264.avi": ((*H264, "-c:a", "mp3"), ".mp4", False, "mp3"),
    "odd.gif": (("-vf", "crop=159:89", "-an"), ".mp4", False, None),
}


def make_sounding(path: Path, *encoder: str) -> Path:
    """Two seconds of a picture that changes, and a tone."""
    tone = ("-f", "lavfi", "-i", "sine=duration=2")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5:duration=2", *tone, *encoder, path)
    return path


def make_copy(movie: Movie, folder: Path) -> Path:
    for _ in make_playable(movie, folder):
        pass
    (copy,) = folder.iterdir()
    assert copy == copy_path(movie, folder)
    return copy


def pictures(path: Path) -> np.ndarray:
    """The picture of each second, (T, h, w, 3), and of nothing after the end."""
    movie = load_movie(path)
    batches = read_frames(movie, movie.sections[0], FrameFormat(80, 45, "stretch"))
    return np.concatenate([batch.pixels for batch in batches]).astype(int)


@pytest.mark.parametrize("name", PLAYED)
def test_what_browsers_play_stays_as_it_is(tmp_path: Path, name: str) -> None:
    movie = load_movie(make_sounding(tmp_path / name, *PLAYED[name]))
    assert list(make_playable(movie, tmp_path / "copies")) == []
    assert not (tmp_path / "copies").exists()
    assert playable_file(movie, tmp_path / "copies") == movie.path


@pytest.mark.parametrize("name", COPIED)
def test_what_browsers_do_not_play_is_copied_as_it_is_where_they_play_that(tmp_path: Path, name: str) -> None:
    encoder, suffix, same, sound = COPIED[name]
    movie = load_movie(make_sounding(tmp_path / name, *encoder))
    assert playable_file(movie, tmp_path / "copies") is None
    copy = make_copy(movie, tmp_path / "copies")
    assert copy.suffix == suffix
    assert is_playable(load_movie(copy))
    heard = probe(copy).sound
    assert (heard and heard.codec) == sound
    before, after = pictures(movie.path), pictures(copy)
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < (0.01 if same else 12)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cut.mkv", (*H264, *AAC, "-output_ts_offset", "600")),
        ("cut.mp4", (*H264, *AAC, "-output_ts_offset", "600")),
        ("late.mkv", (*H264, "-an", "-output_ts_offset", "1.2")),
        ("two.mkv", (
            *H264, "-filter_complex", "[0:v]split[a][b];[a]negate[c]", "-map", "[c]", "-map", "[b]", "-map", "1:a",
            "-disposition:v:0", "0", "-disposition:v:1", "default",
        )),
    ],
)  # fmt: skip
def test_a_copy_shows_at_each_second_what_the_model_reads(
    tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    movie = load_movie(make_sounding(tmp_path / name, *arguments))
    copy = make_copy(movie, tmp_path / "copies")
    assert load_movie(copy).duration == pytest.approx(movie.duration, abs=0.1)
    assert np.abs(pictures(movie.path) - pictures(copy)).mean() < 0.01


def test_a_copy_is_made_once(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=3, codec="mpeg4"))
    copy = make_copy(movie, tmp_path / "copies")
    made = copy.stat().st_ino
    assert list(make_playable(movie, tmp_path / "copies")) == []
    assert copy.stat().st_ino == made


def test_stopped_copy_leaves_nothing(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=3, codec="mpeg4"))
    copying = make_playable(movie, tmp_path / "copies")
    next(copying)
    assert list((tmp_path / "copies").iterdir())
    copying.close()
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_fails_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENCODER, "preset", "nonsense")
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=1, codec="mpeg4"))
    with pytest.raises(MovieError, match=r"clip\.avi.*could not be converted \(\w.*Try another file"):
        list(make_playable(movie, tmp_path / "copies"))
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_does_not_grow_is_given_up() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"frame=1\nout_time_us=900000\nout_time_us=N/A\nout_time_us=2")
    with os.fdopen(reading, "rb") as progress, os.fdopen(writing, "wb", buffering=0) as ffmpeg:
        seconds = seconds_written(progress, patience=0.05)
        assert next(seconds) == 0
        ffmpeg.write(b"500000\nout_time_us=2500000\n")
        assert next(seconds) == 2
        with pytest.raises(TimeoutError):
            next(seconds)


def test_a_copy_that_stands_still_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def still(_: object) -> Iterator[int]:
        yield 0
        raise TimeoutError

    monkeypatch.setattr(player, "seconds_written", still)
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=1, codec="mpeg4"))
    with pytest.raises(MovieError, match=r"clip\.avi.*came to a standstill\. Try another file"):
        list(make_playable(movie, tmp_path / "copies"))
    assert list((tmp_path / "copies").iterdir()) == []


def test_what_a_killed_server_left_is_never_taken_for_a_copy_and_goes(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.avi", seconds=1, codec="mpeg4"))
    (folder := tmp_path / "copies").mkdir()
    (left := folder / f"{copy_path(movie, folder).stem}-x.part").write_bytes(b"half")
    assert playable_file(movie, folder) is None
    os.utime(left, (0, 0))
    make_copy(movie, folder)


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.mkv", seconds=1))
    folder = tmp_path / "page"
    list(make_playable(movie, folder))
    copy = copy_path(movie, folder)
    (folder / "other.mp4").write_bytes(bytes(copy.stat().st_size))
    os.utime(copy, (1, 1))
    os.utime(folder / "other.mp4", (2, 2))
    assert playable_file(movie, folder) == copy  # used just now
    trim(folder, 2 * copy.stat().st_size)
    assert len(list(folder.iterdir())) == 2
    trim(folder, copy.stat().st_size)
    assert list(folder.iterdir()) == [copy]


def test_subtitles_become_webvtt(films: Path, tmp_path: Path) -> None:
    path = subtitle_file(load_movie(films / "harbour"), tmp_path)
    assert path is not None
    assert path.read_text().startswith("WEBVTT\n")
    assert subtitle_file(load_movie(films / "a_quiet_road.mp4"), tmp_path) is None


def test_stills_are_pictures_of_the_film(films: Path) -> None:
    pictures = Stills().at(load_movie(films / "harbour"), [0.0, 50.0])
    assert set(pictures) == {0.0, 50.0}
    assert pictures[0.0].startswith("data:image/jpeg;base64,")
    assert pictures[0.0] != pictures[50.0]


def test_broken_films_are_left_out(films: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(MovieError, match="LLAMAVID_MOVIES"):
        bundled_movies(Settings(movies=tmp_path))
    for name in (b"quiet.mp4", b"caf\xe9.mp4"):  # the second is not UTF-8
        (tmp_path / os.fsdecode(name)).write_bytes((films / "a_quiet_road.mp4").read_bytes())
    assert [movie.slug for movie in bundled_movies(Settings(movies=tmp_path))] == ["quiet"]


def test_what_nobody_has_foreseen_in_a_film_keeps_no_other_from_being_shown(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("quiet.mp4", "odd.mp4"):
        (tmp_path / name).write_bytes((films / "a_quiet_road.mp4").read_bytes())

    def load(path: Path, **given: object) -> Movie:
        if path.stem == "odd":
            raise ZeroDivisionError
        return load_movie(path)

    monkeypatch.setattr("llamavid_demo.ui.catalogue.load_movie", load)
    assert [movie.slug for movie in bundled_movies(Settings(movies=tmp_path))] == ["quiet"]


def test_films_that_the_player_has_at_once_come_first(films: Path, tmp_path: Path) -> None:
    settings = Settings(movies=tmp_path / "movies", cache_dir=tmp_path / "cache")
    settings.movies.mkdir()
    make_clip(settings.movies / "short.mkv", seconds=2)
    (settings.movies / "quiet.mp4").write_bytes((films / "a_quiet_road.mp4").read_bytes())
    assert [movie.slug for movie in bundled_movies(settings)] == ["quiet", "short"]
    make_copy(load_movie(settings.movies / "short.mkv"), settings.cache_dir / "page")
    assert [movie.slug for movie in bundled_movies(settings)] == ["short", "quiet"]


def test_no_copy_is_made_on_a_full_disk(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    movie = load_movie(make_clip(tmp_path / "clip.mkv", seconds=20))
    assert movie.path.stat().st_size > 2 * 65536
    request.getfixturevalue("full_disk")
    with pytest.raises(MovieError, match=r"a copy cannot be written on this server \(File too large\): free space"):
        make_copy(movie, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_where_nothing_can_be_written_there_is_no_copy_and_no_subtitle_file(tmp_path: Path) -> None:
    (tmp_path / "clip.srt").write_text(CUES)
    movie = load_movie(make_sounding(tmp_path / "clip.mkv", *H264, *AAC))
    (tmp_path / "copies").write_text("")
    with pytest.raises(MovieError, match=r"a copy cannot be written on this server \(Not a directory\): free space"):
        make_copy(movie, tmp_path / "copies" / "page")
    assert subtitle_file(movie, tmp_path / "copies" / "page") is None
