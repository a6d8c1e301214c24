"""Reading ahead: a section that is open is read in the background, once for all who have it open.

Whoever follows a reading keeps it going; when the last of them has left it stops, and what was read stays in the
caches, so that it goes on from there when somebody comes back. Behind it the other films are read (`IdleReading`).
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from llamavid_demo.errors import DemoError
from llamavid_demo.film import Movie, SubtitleTrack
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Parts
from llamavid_demo.ui.idle_reading import IdleReading
from llamavid_demo.ui.language import translated
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sessions import Sessions

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress

LOOK_EVERY = 0.25  # seconds between two looks at how far a reading has come
# Percent of the whole at which each stage of reading begins and ends.
STAGES = {"frames": (0, 50), "tokens": (50, 60), "prefill": (60, 90), "look": (90, 100)}
BROKEN = "something went wrong; the server's log says what"

log = logging.getLogger(__name__)
Key = tuple[str, Path, SubtitleTrack | None, int]


@dataclass(frozen=True)
class Ahead:
    """How far reading ahead has come: "off", "reading", "ready" or "failed", and what the page says of it."""

    state: str
    words: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state != "reading"

    def line(self) -> str:
        """HTML of what the page says of it, to stand beside the model's state; its end is spoken, its steps are not."""
        spoken = ' role="status"' if self.over and self.words else ""
        return f'<p class="ahead" data-ahead="{self.state}"{spoken}>{escape(translated(self.words))}</p>'


OFF = Ahead("off")
READY = Ahead("ready", "this section is read")
FRAMES_READY = Ahead("ready", "the frames of this section are read")


def percent(progress: "Progress") -> int | None:
    """How much of a section was read, in percent; None when that stage of the work does not say."""
    if progress.stage not in STAGES:
        return None
    begin, end = STAGES[progress.stage]
    return begin + (end - begin) * progress.done // max(1, progress.total)


class Reading:
    """One section that a thread reads for everybody who follows it; not `whole` where the model needs a question."""

    def __init__(self, movie: Movie) -> None:
        self._movie = movie
        self.followers = 0
        self.stopping = threading.Event()
        self.ahead = Ahead("reading", "reading ahead")
        self.whole = True

    def run(self, steps: "Generator[Progress, None, None]") -> None:
        """Read, and say how it goes. An error ends it with one sentence; nobody has to do anything about it."""
        try:
            with closing(steps):
                for progress in steps:
                    if (read := percent(progress)) is not None:
                        self.ahead = Ahead("reading", f"reading ahead {read} %")
            self.ahead = READY if self.whole else FRAMES_READY
        except DemoError as error:
            log.warning("reading ahead ended: %s", self._movie.for_log(error))
            self.ahead = Ahead("failed", f"not read ahead: {error}")
        except Exception:
            log.exception("reading ahead failed")
            self.ahead = Ahead("failed", f"not read ahead: {BROKEN}")


class ReadAhead:
    """All readings, by model, film and section, and the handler that shows one to a visitor."""

    def __init__(self, settings: Settings, sessions: Sessions, models: Models) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._idle = IdleReading(settings, sessions.bundled.values(), models)
        self._readings: dict[Key, Reading] = {}
        self._lock = threading.Lock()

    async def follow(self, key: str, slug: str, section: int) -> AsyncGenerator[Parts, None]:
        """Read what the visitor of that session key has open, and show how far it has come, until it is read.

        Ends when the visitor turns to something else or leaves, or when a later call follows for them. It holds no
        thread while it waits. Raises `MovieError` when the film is not there (any more).
        """
        visit = self._sessions.visit(key)
        mine = visit.follower = object()
        slug, section = visit.showing or (slug, section)
        name, movie = self._sessions.model(key), self._sessions.movie(key, slug)
        model = self._models[name]
        if not self._settings.read_ahead:
            yield {"model": _state(model, OFF)}
            return
        with self.followed(name, movie, section) as reading:
            shown = ""
            while visit.follower is mine:
                ahead = reading.ahead
                if (state := _state(model, ahead)) != shown:
                    shown = state
                    yield {"model": state}
                if ahead.over:
                    return
                await asyncio.sleep(LOOK_EVERY)

    @contextmanager
    def followed(self, model: str, movie: Movie, section: int) -> Iterator[Reading]:
        """The reading of a section, begun if nobody follows it yet, stopped when the last one leaves."""
        key = model, movie.path, movie.subtitles, section
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = Reading(movie)
                steps = self._steps(model, movie, section, reading)
                run = partial(self._run, reading, steps, model)
                threading.Thread(target=run, daemon=True, name="reading-ahead").start()
            reading.followers += 1
        try:
            yield reading
        finally:
            with self._lock:
                reading.followers -= 1
                if not reading.followers:
                    reading.stopping.set()
                    del self._readings[key]

    def _run(self, reading: Reading, steps: "Generator[Progress, None, None]", model: str) -> None:
        with self._idle.behind(model):
            reading.run(steps)

    def _steps(self, model: str, movie: Movie, section: int, reading: Reading) -> "Generator[Progress, None, None]":
        chat = yield from self._models[model].chat(movie, section, reading.stopping, ahead=True)
        if chat is not None:
            reading.whole = chat.reads_ahead
            yield from chat.read_ahead(reading.stopping)


def _state(model: BackgroundModel, ahead: Ahead) -> str:
    """HTML of how it stands with a model, and with reading ahead once it is there."""
    return model.state() + (ahead.line() if model.ready else "")
