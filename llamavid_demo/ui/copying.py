"""Copies that browsers can play, made in the background: one a film for all who have it open, one film at a time.

A copy that has begun is made to its end, for whoever opens the film next; one that waits is dropped when the last
visitor who waits for it has gone.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.player import CopyProgress, copy_path, files_folder, make_playable, playable_file
from llamavid_demo.ui.screening import PREPARING, Parts, Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.talk import alert, progress_bar
from llamavid_demo.ui.visit import Visit, WaitingPlayer

LOOK_EVERY = 0.25  # seconds between two looks at how far a copy has come
FAILED = "This film cannot be shown here: no copy that browsers play could be made. You can still ask about it."

log = logging.getLogger(__name__)


@dataclass
class Copy:
    """A copy that is being made: how far it is, whether it is over, how many pages wait for it."""

    progress: CopyProgress | None = None
    over: bool = False
    followers: int = 0


class Copies:
    """All copies under way, and the handler that shows one to a visitor and gives them the film."""

    def __init__(self, settings: Settings, sessions: Sessions, screening: Screening) -> None:
        self._settings = settings
        self._sessions = sessions
        self._screening = screening
        self._copies: dict[Path, Copy] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # one film at a time

    async def follow(self, key: str) -> AsyncGenerator[Parts, None]:
        """Show how far the copy has come that the visitor's player waits for, then give them the film.

        Ends when the visitor turns to another film or leaves, or when a later call follows for them. It holds no
        thread while it waits. Raises `MovieError` when the film is not there (any more).
        """
        visit = self._sessions.visit(key)
        waiting = visit.waiting
        if waiting is None or waiting.served:
            return
        mine = waiting.follower = object()
        try:
            async for parts in self._shown(key, visit, waiting, mine):
                yield parts
        except MovieError:
            waiting.served = True
            yield {"copying": ""}
            raise

    async def _shown(self, key: str, visit: Visit, waiting: WaitingPlayer, mine: object) -> AsyncGenerator[Parts, None]:
        movie = self._sessions.movie(key, waiting.slug)
        folder = files_folder(self._settings, movie, own=movie.slug in visit.own)
        shown = ""
        with self._followed(movie, folder) as copy:
            while visit.waiting is waiting and waiting.follower is mine:
                if copy.over:
                    waiting.served = True
                    yield self._screening.video(key, movie) or {"copying": alert(FAILED)}
                    return
                if (bar := progress_bar(copy.progress, PREPARING)) != shown:
                    shown = bar
                    yield {"copying": shown}
                await asyncio.sleep(LOOK_EVERY)

    @contextmanager
    def _followed(self, movie: Movie, folder: Path) -> Iterator[Copy]:
        """The copy of a film, begun if nobody makes it yet."""
        target = copy_path(movie, folder)
        with self._lock:
            copy = self._copies.get(target)
            if copy is None:
                copy = Copy(over=playable_file(movie, folder) is not None)
                if not copy.over:
                    self._copies[target] = copy
                    work = threading.Thread(target=self._make, args=(copy, movie, target), daemon=True, name="copying")
                    work.start()
            copy.followers += 1
        try:
            yield copy
        finally:
            with self._lock:
                copy.followers -= 1

    def _make(self, copy: Copy, movie: Movie, target: Path) -> None:
        with self._turn:
            with self._lock:
                if not copy.followers:
                    del self._copies[target]
                    return
            try:
                for progress in make_playable(movie, target.parent):
                    copy.progress = progress
            except DemoError as error:
                log.error("no copy for the player: %s", movie.for_log(error))
            except Exception:
                log.exception("no copy of %s for the player", movie.slug)
            with self._lock:
                del self._copies[target]
                copy.over = True
