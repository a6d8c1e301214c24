"""Other films are read behind the section that somebody has open, never before it; without a browser."""

import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from llamavid_demo.chat import Progress
from llamavid_demo.chat.encoded_section import open_cache
from llamavid_demo.errors import ClosingError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.idle_reading import IdleReading
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.read_ahead import ReadAhead
from llamavid_demo.ui.sessions import Sessions

PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def movies(films: Path) -> list[Movie]:
    """The harbour film, in two sections of half a minute, and a road of twelve seconds."""
    return [load_movie(films / name, section_minutes=0.5) for name in ("harbour", "a_quiet_road.mp4")]


class ScriptedModel:
    """Reads two frames of a film when it is allowed to, and what was read is not read again."""

    def __init__(self, trouble: dict[str, Exception] | None = None) -> None:
        self.trouble = trouble or {}
        self.allowed, self.waiting = threading.Semaphore(0), threading.Semaphore(0)
        self.read: list[str] = []

    def chat(
        self, movie: Movie, section: int, stopping: threading.Event, *, ahead: bool
    ) -> Generator[Progress, None, str | None]:
        assert ahead and section == 0
        while self.read.count(movie.slug) < 2:
            self.waiting.release()
            assert self.allowed.acquire(timeout=PATIENCE)
            if stopping.is_set():
                return None
            if movie.slug in self.trouble:
                raise self.trouble[movie.slug]
            self.read.append(movie.slug)
            yield Progress("frames", self.read.count(movie.slug), 2)
        return "a conversation"


def idle_reading(movies: list[Movie], model: ScriptedModel, minutes: float) -> IdleReading:
    return IdleReading(Settings(idle_minutes=minutes), movies, {"": model})  # type: ignore[arg-type]


def read_behind(idle: IdleReading) -> None:
    with idle.behind(""):
        pass


@pytest.mark.parametrize(
    ("minutes", "read"),
    [(0, []), (0.2, ["a-quiet-road"] * 2), (0.69, ["a-quiet-road"] * 2), (0.7, ["a-quiet-road"] * 2 + ["harbour"] * 2)],
)
def test_the_shortest_films_are_read_as_far_as_the_minutes_go(
    movies: list[Movie], minutes: float, read: list[str]
) -> None:
    model = ScriptedModel()
    model.allowed.release(9)
    read_behind(idle_reading(movies, model, minutes))
    assert model.read == read


def test_a_section_that_somebody_opens_goes_first_and_the_rest_is_read_behind_it(movies: list[Movie]) -> None:
    model = ScriptedModel()
    idle = idle_reading(movies, model, 1)
    reading = threading.Thread(target=read_behind, args=[idle])
    reading.start()
    assert model.waiting.acquire(timeout=PATIENCE)  # for its first frame
    with idle.behind(""):
        model.allowed.release()
        reading.join(PATIENCE)
        assert not reading.is_alive() and model.read == []
        model.allowed.release(9)
    assert model.read == ["a-quiet-road"] * 2 + ["harbour"] * 2
    read_behind(idle)
    assert len(model.read) == 4


def test_a_film_that_cannot_be_read_is_passed_by(movies: list[Movie], caplog: pytest.LogCaptureFixture) -> None:
    model = ScriptedModel({"a-quiet-road": MovieError("It has gone.")})
    model.allowed.release(9)
    idle = idle_reading(movies, model, 1)
    read_behind(idle)
    read_behind(idle)
    assert model.read == ["harbour"] * 2
    assert [record.getMessage() for record in caplog.records].count(
        "a-quiet-road is not read while nobody asks: It has gone."
    ) == 1


def test_it_ends_with_the_program(movies: list[Movie], caplog: pytest.LogCaptureFixture) -> None:
    model = ScriptedModel({"a-quiet-road": ClosingError("The program is ending.")})
    model.allowed.release(9)
    read_behind(idle_reading(movies, model, 1))
    assert model.read == [] and not caplog.records


def test_who_opens_the_other_film_finds_its_frames(movies: list[Movie], checkpoint: Path, tmp_path: Path) -> None:
    settings = Settings(model=str(checkpoint), models=tmp_path, cache_dir=tmp_path / "cache", section_minutes=0.5)
    models, sessions = Models(settings), Sessions(movies)
    with ReadAhead(settings, sessions, models).followed(checkpoint.name, movies[0], 0):
        for thread in threading.enumerate():
            if thread.name == "reading-ahead":
                thread.join(PATIENCE)
    models.close()
    kept = {entry.about for entry in open_cache(settings).entries()}
    assert {movie.title for movie in movies} <= kept
