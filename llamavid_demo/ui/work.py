"""Long work behind a handler: a thread that tells what it does, and can be stopped between two tellings."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

_END = object()


class Stopped(Exception):  # noqa: N818 - not an error: somebody pressed Stop
    """Raised inside the work when it was stopped."""


class Work:
    """Runs `job(work)` in a thread. The job calls `tell`; who iterates `batches` hears it.

    Leaving the iteration, for whatever reason, stops the job and waits for it.
    """

    def __init__(self, job: Callable[["Work"], None]) -> None:
        self._job = job
        self._told: queue.Queue[Any] = queue.Queue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._on_stop: Callable[[], None] | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.abandoned = False

    @property
    def stopped(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._stop.is_set()

    @property
    def running(self) -> bool:
        """Whether the job has begun and is not over."""
        return self._thread.is_alive()

    def check(self) -> None:
        """Called by the job. Raises `Stopped` when the work was stopped."""
        if self._stop.is_set():
            raise Stopped

    def tell(self, what: Any) -> None:
        """Called by the job: let the listener hear something. Raises `Stopped` when the work was stopped."""
        self.check()
        self._told.put(what)

    def on_stop(self, stop: Callable[[], None]) -> None:
        """From here on stopping calls `stop`, which ends the job in its own way, instead of raising in `tell`."""
        with self._lock:
            self._on_stop = stop
        if self._stop.is_set():
            stop()

    def say(self, what: Any) -> None:
        """Like `tell`, but never raises: for a job that ends in its own way."""
        self._told.put(what)

    def stop(self, *, abandon: bool = False) -> None:
        """Ask the job to stop; `abandon` also tells its handler to show nothing more."""
        self.abandoned = self.abandoned or abandon
        self._stop.set()
        with self._lock:
            if self._on_stop:
                self._on_stop()

    def batches(self, every: float = 0.1) -> Iterator[list[Any]]:
        """Lists of what was told, at most one list in `every` seconds. Raises what the job raised."""
        over = False
        self._thread.start()
        try:
            while not over:
                told = [self._told.get()]
                due = time.monotonic() + every
                while told[-1] is not _END and (left := due - time.monotonic()) > 0:
                    try:
                        told.append(self._told.get(timeout=left))
                    except queue.Empty:
                        break
                over = told[-1] is _END
                if heard := [what for what in told if what is not _END]:
                    yield heard
        finally:
            if not over:
                self.stop()
            self._thread.join()
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            self._job(self)
        except BaseException as error:  # it is raised in the thread that listens
            self._error = error
        finally:
            self._told.put(_END)
