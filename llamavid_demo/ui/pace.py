"""How many questions one address may ask in an hour, so that nobody takes the machine from the others."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from llamavid_demo.errors import BusyError

HOUR = 3600.0  # seconds
MOST_ADDRESSES = 10_000  # that are remembered; whoever asked longest ago is forgotten first


class Pace:
    """Counts questions by address; `most` in an hour, None for any number."""

    def __init__(self, most: int | None, *, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def question(self, address: str | None) -> None:
        """Count a question from an address. Raises `BusyError`, and counts nothing, when there were too many."""
        if self._most is None:
            return
        with self._lock:
            now = self._now()
            asked = self._asked.setdefault(address or "", deque())
            self._asked.move_to_end(address or "")
            while asked and asked[0] <= now - HOUR:
                asked.popleft()
            if len(asked) >= self._most:
                minutes = int((asked[0] + HOUR - now) // 60) + 1
                raise BusyError(
                    f"Questions from one address are limited to {self._most} an hour, and you have asked them: "
                    f"the next one in {minutes} min."
                )
            asked.append(now)
            while len(self._asked) > MOST_ADDRESSES:
                self._asked.popitem(last=False)
