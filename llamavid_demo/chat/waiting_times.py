"""How long answers took lately, and so how long those in the queue will wait; the scheduler's own figures."""

import heapq
import time
from collections.abc import Iterable

from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.task import Task


class WaitingTimes:
    """The mean time from an answer's admission to its end, in seconds; what came before counts half each time."""

    def __init__(self) -> None:
        self._count = self._seconds = 0.0

    def add(self, task: Task) -> None:
        """Take in what has ended, whole or stopped: an answer that was admitted counts, anything else does not."""
        if isinstance(task, Answer) and task.began is not None:
            self._count = self._count / 2 + 1
            self._seconds = self._seconds / 2 + time.monotonic() - task.began

    def expected(self, place: int, running: Iterable[Task]) -> float | None:
        """Seconds until the answer at that place, from 1, is admitted; None before the first answer has ended.

        Each answer among those `running` makes room when it has taken the mean time, and so does whoever takes its
        room.
        """
        now = time.monotonic()
        began = [task.began for task in running if isinstance(task, Answer) and task.began is not None]
        if not self._count or not began:
            return None
        mean = self._seconds / self._count
        free = [max(0.0, begun + mean - now) for begun in began]
        heapq.heapify(free)
        for _ in range(place - 1):
            heapq.heapreplace(free, free[0] + mean)
        return free[0]
