"""The other films on the page, read while nobody's section is: who opens one of them waits half as long."""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from llamavid_demo.errors import ClosingError, DemoError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.models import Models

log = logging.getLogger(__name__)


class IdleReading:
    """Reads the frames of each film's first section into the cache on disk, the shortest film first.

    As many films as make up `idle_minutes`. It takes no memory and runs at the priority of reading ahead. A section
    that somebody has open goes first: then this stops within a few frames, and goes on from there behind it.
    """

    def __init__(self, settings: Settings, movies: Iterable[Movie], models: Models) -> None:
        self._models = models
        self._films = _shortest(movies, settings.idle_minutes * 60)
        self._done: set[tuple[str, str]] = set()  # by name of the model and slug
        self._before = 0  # readings that go first
        self._stopping = threading.Event()
        self._lock, self._at_work = threading.Lock(), threading.Lock()

    @contextmanager
    def behind(self, model: str) -> Iterator[None]:
        """Around the reading of a section that somebody has open, in a thread that may read on for long after it."""
        with self._lock:
            self._before += 1
            self._stopping.set()
        try:
            yield
        finally:
            with self._lock:
                self._before -= 1
                if not self._before:
                    self._stopping.clear()
            self._read_on(model)

    def _read_on(self, model: str) -> None:
        """Read what this model has not read yet, unless somebody does that, until it is to stop."""
        if not self._at_work.acquire(blocking=False):
            return
        try:
            for movie in self._films:
                if (model, movie.slug) not in self._done and not self._read(model, movie):
                    return
        finally:
            self._at_work.release()

    def _read(self, model: str, movie: Movie) -> bool:
        """Read one film; False if it had to stop. One that cannot be read is left to whoever opens it."""
        from llamavid_demo.chat.progress import finish  # torch is there by now, the page is without it

        try:
            if finish(self._models[model].chat(movie, 0, self._stopping, ahead=True)) is None:
                return False
        except ClosingError:
            return False
        except DemoError as error:
            log.warning("%s is not read while nobody asks: %s", movie.slug, movie.for_log(error))
        except Exception:
            log.exception("%s could not be read while nobody asks", movie.slug)
        self._done.add((model, movie.slug))
        return True


def _shortest(movies: Iterable[Movie], seconds: float) -> list[Movie]:
    """The shortest of some films, as many as have first sections of so many seconds together."""
    chosen = []
    for movie in sorted(movies, key=lambda movie: movie.duration):
        seconds -= len(movie.sections[0].seconds)
        if seconds >= 0:
            chosen.append(movie)
    return chosen
