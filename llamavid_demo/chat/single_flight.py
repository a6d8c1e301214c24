"""Long work that several ask for at once is done by one of them; the others wait, and lend it their urgency."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from llamavid_demo.chat.task import Priority, Urgency

T = TypeVar("T")
Work = Generator[int, None, T]  # yields how much is done
LOOK_AROUND = 0.1  # seconds between two looks at how far the other one has come

_flights: dict[str, "Flight"] = {}
_lock = threading.RLock()  # a generator that is collected meanwhile may want it too


class Flight:
    """Work under way: how far it is, how urgent, and how many want it."""

    def __init__(self, priority: Priority) -> None:
        self.urgency = Urgency(priority)
        self.done = self.wanted = 0
        self._working = threading.Lock()

    def work(self, find: Callable[[], T | None], make: Callable[[], Work[T]]) -> Work[T]:
        """Wait for the one before, then find what it made, or make it; yields how much is done."""
        while not self._working.acquire(timeout=LOOK_AROUND):
            yield self.done
        try:
            made = find()
            if made is None:
                made = yield from self._follow(make())
            return made
        finally:
            self._working.release()

    def _follow(self, work: Work[T]) -> Work[T]:
        while True:
            try:
                self.done = next(work)
            except StopIteration as ended:
                value: T = ended.value
                return value
            yield self.done


@contextmanager
def flight(place: str, key: dict[str, object], priority: Priority) -> Iterator[Flight]:
    """The flight of a key in a place; it is as urgent as the most urgent of those who want it."""
    name = json.dumps([place, key], sort_keys=True)
    with _lock:
        mine = _flights.setdefault(name, Flight(priority))
        mine.wanted += 1
        mine.urgency.priority = min(mine.urgency.priority, priority)
    try:
        yield mine
    finally:
        with _lock:
            mine.wanted -= 1
            if not mine.wanted:
                _flights.pop(name)
