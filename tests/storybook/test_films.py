from pathlib import Path

import pytest

from llamavid_demo.film import load_movie
from llamavid_demo.storybook.films import Encoding, encode, film_second, main, subtitles
from llamavid_demo.storybook.world import Actor, Line, Script, Shot

SCRIPT = Script(
    "Tiny",
    (
        Shot("lake", "noon", "clear", (Actor("fish", "red", "jumping", "Ada"),), 4.0, (Line(0.5, 1.75, "Ada", "Hi."),)),
        Shot("cave", "night", "clear", (Actor("hat", "white", "flying"),), 4.0, (Line(1.0, 2.0, "", "The end."),)),
    ),
)
MOVIES = Path(__file__).parents[2] / "movies"


def test_subtitles_are_subrip_in_film_time() -> None:
    assert subtitles(SCRIPT) == (
        "1\n00:00:00,500 --> 00:00:01,750\nAda: Hi.\n\n2\n00:00:05,000 --> 00:00:06,000\nThe end.\n"
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_film_is_written_whole(tmp_path: Path, jobs: int) -> None:
    encode(SCRIPT, tmp_path / "movie.mp4", Encoding(160, 90, 30, 2), jobs=jobs)
    movie = load_movie(tmp_path)
    assert movie.duration == pytest.approx(8.0, abs=0.1)
    assert (movie.width, movie.height, movie.codec) == (160, 90, "h264")
    assert [path.name for path in tmp_path.iterdir()] == ["movie.mp4"]


def test_the_title_lies_over_the_first_seconds_and_the_end_over_the_last() -> None:
    small = Encoding(320, 180, 30, 2)
    plain = Script("", SCRIPT.shots)
    shows = [(film_second(SCRIPT, s, small) != film_second(plain, s, small)).any() for s in (1, 3)]
    assert shows == [True, False]
    longer = Script("", (*SCRIPT.shots, SCRIPT.shots[0]))
    shows = [(film_second(plain, s, small) != film_second(longer, s, small)).any() for s in (4, 6)]
    assert shows == [False, True]


def test_a_folder_without_scripts_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="No film to render"):
        main([str(tmp_path)])


@pytest.mark.parametrize("slug", ["the-lost-map", "the-bell-in-the-fog", "a-year-of-letters"])
def test_bundled_films_are_what_their_scripts_say(slug: str) -> None:
    folder = MOVIES / slug
    script = Script.from_json((folder / "script.json").read_text(encoding="utf-8"))
    movie = load_movie(folder)
    assert movie.title == script.title
    assert movie.duration == pytest.approx(script.duration, abs=0.2)
    assert (folder / "movie.en.srt").read_text(encoding="utf-8") == subtitles(script)
    assert movie.subtitles is not None
    assert not movie.subtitles.warnings
    assert len(movie.subtitles.cues) == len(script.cues())
    assert movie.height >= 360
    assert movie.width / movie.height == pytest.approx(16 / 9, abs=0.01)
    assert movie.poster
    assert movie.licence
    assert movie.synopsis
    assert len(movie.questions) >= 6
    assert all(section.synopsis for section in movie.sections)


def test_bundled_films_are_small_enough_to_clone() -> None:
    assert sum(path.stat().st_size for path in MOVIES.rglob("*") if path.is_file()) <= 30_000_000
