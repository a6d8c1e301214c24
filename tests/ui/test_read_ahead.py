"""Sections are read ahead once for all who have them open, as long as somebody has; without a browser and a model."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from llamavid_demo.chat import Progress
from llamavid_demo.errors import MemoryLimitError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui import read_ahead
from llamavid_demo.ui.read_ahead import ReadAhead, Reading
from llamavid_demo.ui.sessions import Sessions

T = TypeVar("T")
FRAMES = 4
PATIENCE = 60.0  # seconds


class ScriptedModel:
    """Reads a frame whenever it is allowed to; what was read is not read again. Ends with trouble if there is any."""

    ready = True

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.allowed, self.progressed = threading.Semaphore(0), threading.Semaphore(0)
        self.read: list[int] = []
        self.readings: list[threading.Event] = []

    def state(self) -> str:
        return "model;"

    def chat(
        self, movie: Movie, section: int, stopping: threading.Event, *, ahead: bool
    ) -> Generator[Progress, None, Any]:
        assert ahead
        self.readings.append(stopping)
        if self.trouble:
            raise self.trouble
        while len(self.read) < FRAMES:
            self.allowed.acquire()
            if stopping.is_set():
                return None
            self.read.append(section)
            self.progressed.release()
            yield Progress("frames", len(self.read), FRAMES)
        return SimpleNamespace(
            reads_ahead=True, read_ahead=lambda stopping: iter([Progress("queue", 1, 1), Progress("prefill", 9, 10)])
        )


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


class Desk:
    """Visitors "a" and "b" at the harbour film."""

    def __init__(self, movie: Movie, model: ScriptedModel, **settings: Any) -> None:
        self.model, self.movie = model, movie
        self.sessions = Sessions([movie])
        self.reading = ReadAhead(Settings(**{"idle_minutes": 0, **settings}), self.sessions, {"": model})  # type: ignore[arg-type]

    def follow(self, visitor: str, section: int = 0) -> AsyncIterator[dict[str, Any]]:
        self.sessions.visit(visitor).showing = self.movie.slug, section
        return self.reading.follow(visitor, self.movie.slug, section)


@pytest.fixture
def desk(movie: Movie, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(read_ahead, "LOOK_EVERY", 0)
    return Desk(movie, ScriptedModel())


def run(visit: Coroutine[Any, Any, T]) -> T:
    """What a visit gives, unless it never ends."""
    with ThreadPoolExecutor(1) as pool:  # Playwright's loop runs in this thread
        return pool.submit(asyncio.run, asyncio.wait_for(visit, PATIENCE)).result()


def finished(reading: Reading) -> str:
    """The state of a reading when its thread has ended."""
    for thread in threading.enumerate():
        if thread.name == "reading-ahead":
            thread.join(PATIENCE)
    return reading.ahead.state


def test_a_section_is_read_once_for_all_and_stopped_when_the_last_has_left(desk: Desk) -> None:
    with desk.reading.followed("", desk.movie, 0) as first:
        with desk.reading.followed("", desk.movie, 0) as second:
            assert first is second
        assert not first.stopping.is_set()
    assert first.stopping.is_set()
    desk.model.allowed.release()
    finished(first)
    assert len(desk.model.readings) == 1
    assert desk.model.read == []


def test_sections_are_read_apart(desk: Desk) -> None:
    with desk.reading.followed("", desk.movie, 0) as first, desk.reading.followed("", desk.movie, 1) as second:
        assert first is not second
    desk.model.allowed.release(2)
    finished(first)


def test_reading_goes_on_when_somebody_comes_back(desk: Desk) -> None:
    with desk.reading.followed("", desk.movie, 0) as left:
        desk.model.allowed.release()
        assert desk.model.progressed.acquire(timeout=PATIENCE)
    desk.model.allowed.release()
    finished(left)
    assert len(desk.model.read) == 1
    with desk.reading.followed("", desk.movie, 0) as reading:
        desk.model.allowed.release(FRAMES)
        assert finished(reading) == "ready"
    assert len(desk.model.readings) == 2
    assert len(desk.model.read) == FRAMES


def test_page_sees_it_move_until_it_is_read(desk: Desk) -> None:
    async def shown() -> list[str]:
        states = []
        async for parts in desk.follow("a"):
            states.append(parts["model"])
            desk.model.allowed.release()
        return states

    first, *_, last = run(shown())
    assert first == 'model;<p class="ahead" data-ahead="reading">reading ahead</p>'
    assert last == 'model;<p class="ahead" data-ahead="ready" role="status">this section is read</p>'


def test_percents_go_through_all_stages_and_never_back() -> None:
    stages = [
        ("frames", 0),
        ("frames", 5),
        ("frames", 10),
        ("tokens", 5),
        ("queue", 1),
        ("prefill", 5),
        ("prefill", 10),
        ("look", 10),
    ]
    read = [read_ahead.percent(Progress(stage, done, 10)) for stage, done in stages]
    assert read == [0, 25, 50, 55, None, 75, 90, 100]


def test_turning_to_another_section_ends_the_reading_of_the_one_before(desk: Desk) -> None:
    async def turn() -> None:
        before = desk.follow("a", 0)
        await anext(before)
        after = desk.follow("a", 1)
        await anext(after)
        assert [state async for state in before] == []
        assert [stopping.is_set() for stopping in desk.model.readings] == [True, False]

    run(turn())
    desk.model.allowed.release(2 * FRAMES)


@pytest.mark.parametrize("how", ["leave", "forget"])
def test_leaving_the_page_ends_it_and_others_keep_theirs(desk: Desk, how: str) -> None:
    async def leave() -> None:
        mine, others = desk.follow("a"), desk.follow("b")
        await anext(mine)
        await anext(others)
        if how == "leave":
            desk.sessions.visit("a").leave()
        else:
            desk.sessions.forget("a")
        assert [state async for state in mine] == []
        assert [stopping.is_set() for stopping in desk.model.readings] == [False]
        desk.model.allowed.release(FRAMES)
        assert "ready" in [state["model"] async for state in others][-1]

    run(leave())


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (MovieError("movie.mp4 is gone."), "not read ahead: movie.mp4 is gone."),
        (MemoryLimitError("2 GiB are needed."), "not read ahead: 2 GiB are needed."),
        (RuntimeError("secret"), "not read ahead: something went wrong; the server&#x27;s log says what"),
    ],
)
def test_trouble_is_one_sentence(
    movie: Movie, trouble: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(movie, ScriptedModel(trouble))

    async def last() -> str:
        return [parts["model"] async for parts in desk.follow("a")][-1]

    state = run(last())
    assert 'data-ahead="failed"' in state
    assert words in state
    known = not isinstance(trouble, RuntimeError)
    assert [record.exc_info is None for record in caplog.records] == [known]


def test_nothing_is_read_ahead_where_it_is_off(movie: Movie) -> None:
    desk = Desk(movie, ScriptedModel(), read_ahead=False)

    async def states() -> list[str]:
        return [parts["model"] async for parts in desk.follow("a")]

    assert run(states()) == ['model;<p class="ahead" data-ahead="off"></p>']
    assert desk.model.readings == []
