"""What a scheduler runs: work in steps, with a priority, heard by whoever waits for it in another thread.

A task and its listener share a queue and a flag, no lock: leaving, even by garbage collection in the scheduler's own
thread, never waits.
"""

import queue
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from llamavid_demo.chat.ledger import Ledger
from llamavid_demo.chat.progress import Progress

T = TypeVar("T")


class Priority(IntEnum):
    """What goes first among chunks; a token for every row of the running batch goes before each of them."""

    QUESTION = 1
    LOOK = 2
    READ = 3
    AHEAD = 4


# A step says what it did: a stage's progress, a number of tokens read, or what kind of work comes next.
Step = Progress | int | Priority | None
Steps = Generator[Step, None, T]


class Stopped(Exception):  # noqa: N818 - a request, no error
    """Ends a task that was stopped."""


@dataclass
class Urgency:
    """The priority of a task's next step, where several tasks or threads agree on one."""

    priority: Priority


class Task:
    """Work in steps. `begin` makes its steps, when it is admitted; `admit` takes the memory that they need.

    `check` raises `DemoError` when there will never be room in the `ledger`; `admit` says False when there is none now.
    `release` gives all back, also when a step failed. All of them run in the scheduler's thread.
    """

    def __init__(
        self,
        begin: Callable[[], Steps[Any]],
        *,
        urgency: Urgency,
        ledger: Ledger | None = None,
        check: Callable[[], None] = lambda: None,
        admit: Callable[[], bool] = lambda: True,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.begin, self.check, self.admit, self.release = begin, check, admit, release
        self.urgency, self.ledger = urgency, ledger
        self.steps: Steps[Any] | None = None  # once it is admitted
        self.served = 0  # chunks so far
        self.admitted = self.stopping = self.retried = False
        self.began: float | None = None  # when it was admitted, on the monotonic clock
        self.place: tuple[int, int] | None = None  # in the queue, and of how many
        self.wake: Callable[[], None] = lambda: None
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def stop(self) -> None:
        """End the task before its next step; from any thread, finalizers too."""
        self.stopping = True
        self.wake()

    def let_go(self) -> Exception | None:
        """Called by the scheduler: close the steps and give back the memory; what went wrong in that."""
        failed = None
        try:
            if self.steps:
                self.steps.close()
        except Exception as error:
            failed = error
        try:
            if self.admitted:
                self.admitted = False
                self.release()
        except Exception as error:
            failed = error
        return failed

    def tell(self, what: Any) -> None:
        """Called by the scheduler: pass something on to the listener."""
        self._told.put(what)

    def end(self, error: BaseException | None = None) -> None:
        """Called by the scheduler: nothing more will come."""
        self._told.put(_End(error))

    def heard(self, every: float = 0.0, patience: float | None = None) -> Generator[list[Any], None, None]:
        """What the task tells, in lists, at most one in `every` seconds; an empty one after `patience` silent seconds.

        Raises what went wrong in it, and `Stopped`. Leaving early stops the task and waits for nothing.
        """
        over = False
        try:
            while not over:
                try:
                    heard = [self._told.get(timeout=patience)]
                except queue.Empty:
                    yield []
                    continue
                due = time.monotonic() + every
                while not isinstance(heard[-1], _End) and (left := due - time.monotonic()) > 0:
                    try:
                        heard.append(self._told.get(timeout=left))
                    except queue.Empty:
                        break
                last = heard[-1]
                over = isinstance(last, _End)
                if isinstance(last, _End):
                    heard.pop()
                if heard:
                    yield heard
                if isinstance(last, _End) and last.error:
                    raise last.error
        finally:
            if not over:
                self.stop()


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error
