"""The scheduler of a model: one loop that computes everything, for everybody.

Contract:
- Order. In each round every row of the running batch gets a token, then one chunk is read for the most urgent task:
  questions, second looks, first reads, reading ahead; of equals the one that was served least. So nobody's first word
  waits for more than a chunk of anybody's, and reading ahead goes on only while nobody is answered.
- Memory. A task computes only after it was admitted, when the ledger has taken all that it may allocate: who does not
  fit waits in the queue, makes idle sections leave, or is told what is needed and what is free. An answer that needs
  the memory of a reading ahead sends that back to the queue.
- Supervision. Whatever fails ends the task that it concerns, with its error, and no other; out of memory is tried once
  more after freeing. Should the loop itself fail, `trouble` says of what, and it goes on; if it fails round after
  round, every task is ended with that error, and the next one starts a new loop.
- Leaving. Stopping sets a flag and wakes the loop; it waits for nothing and takes no lock. `close` does so for all.

The thread lives while there is something to do: only one thread may run torch at a time (see `own_thread`).
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

import torch

from llamavid_demo.chat import decoding
from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.load import Load
from llamavid_demo.chat.out_of_memory import free_memory, in_words, is_out_of_memory
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.running_batch import RunningBatch
from llamavid_demo.chat.task import Priority, Steps, Stopped, Task, Urgency
from llamavid_demo.chat.waiting_times import WaitingTimes
from llamavid_demo.errors import BusyError, ClosingError
from llamavid_demo.model.loaded import LoadedModel

log = logging.getLogger(__name__)

T = TypeVar("T")
A = TypeVar("A", bound=Task)
CLOSING = "This server is being stopped: ask again when it is back."
MOST_FAILURES = 3  # rounds in a row
LOOK_AROUND = 1.0  # seconds: how often a loop that waits for memory looks whether the program is ending


class Scheduler:
    """Runs the tasks of one model. `trouble`: what its loop last failed of, if it has; `load`: as of its last round."""

    def __init__(self, model: LoadedModel) -> None:
        self.trouble: str | None = None
        self.load = Load()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._model = ref(model)
        self._inbox: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of `_running`
        self._running = False
        self._waiting: list[Task] = []
        self._reading: list[Task] = []
        self._times = WaitingTimes()

    def submit(self, task: A) -> A:
        """Queue a task; listen to it with `heard`."""
        task.wake = self.wake
        self._inbox.put(task)
        with self._lock:
            if not self._running:
                # No daemon: one that is killed inside PyTorch when the program ends takes it down with an error.
                self._thread = threading.Thread(target=self._run, args=(self._model(),), name="scheduler")
                self.load = Load()
                self._thread.start()
                self._running = True
        return task

    @property
    def alive(self) -> bool:
        """Whether its loop computes, or would if there were anything to do."""
        with self._lock:
            return not self._running or bool(self._thread and self._thread.is_alive() and not self.load.stuck)

    def close(self) -> None:
        """End all tasks with a `ClosingError`, and those that are yet to come; from any thread."""
        self._closing = True
        self.wake()

    def compute(self, function: Callable[[], T], urgency: Urgency | None = None) -> T:
        """The value of a function that is called between two steps. Raises what it raises."""
        given: list[T] = []

        def call() -> Steps[None]:
            given.append(function())
            yield from ()

        for _ in self.submit(Task(call, urgency=urgency or Urgency(Priority.LOOK))).heard():
            pass
        return given[0]

    def wake(self) -> None:
        """Have the loop look around; from any thread, finalizers too."""
        self._inbox.put(None)

    @torch.inference_mode()
    def _run(self, model: LoadedModel) -> None:
        batch, failures = RunningBatch(model, self._end), list[BaseException]()
        while len(failures) < MOST_FAILURES:
            try:
                if not self._round(batch):
                    return
                failures.clear()
            except BaseException as error:
                log.exception("a round of the scheduler failed")
                self.trouble = f"{type(error).__name__}: {error}"
                failures.append(error)
        self._give_up(batch, failures[-1])

    def _give_up(self, batch: RunningBatch, error: BaseException) -> None:
        """End every task with an error; whoever comes next starts a new loop."""
        with self._lock:
            self._running = False
        with suppress(queue.Empty):
            while True:
                self._waiting += filter(None, [self._inbox.get_nowait()])
        tasks = [*self._waiting, *self._reading, *batch.answers]
        self._waiting, self._reading = [], []
        for task in tasks:
            self._end(task, error)
        batch.close()
        self.load = Load()

    def _round(self, batch: RunningBatch) -> bool:
        """One round; False when there is nothing left to do."""
        if not self._take(idle=not self._reading and not batch.answers):
            return False
        self._end_stopped(batch)
        self._admit(batch)
        batch.step()
        self._read(batch)
        if not batch.answers and not any(isinstance(task, Answer) for task in self._reading):
            batch.close()
        waiting, reading = (sum(isinstance(task, Answer) for task in tasks) for tasks in (self._waiting, self._reading))
        self.load = Load(waiting, reading + len(batch.answers))
        return True

    def _take(self, *, idle: bool) -> bool:
        """Take in new tasks; False when there is none of any kind. While tasks only wait for memory, wait with them."""
        wait = idle and bool(self._waiting)
        if wait:
            for ledger in {task.ledger for task in self._waiting if task.ledger}:
                ledger.when_released(self.wake)
        with suppress(queue.Empty):
            while True:
                task = self._inbox.get(wait, timeout=LOOK_AROUND)
                wait = False
                if task:
                    self._waiting.append(task)
        if idle and not self._waiting:
            with self._lock:
                self._running = not self._inbox.empty()
                return self._running
        return True

    def _end_stopped(self, batch: RunningBatch) -> None:
        ending = partial(ClosingError, CLOSING) if self._closing else Stopped
        if self._closing or not threading.main_thread().is_alive():  # the program is ending
            for task in (*self._waiting, *self._reading, *batch.answers):
                task.stopping = True
        for tasks in (self._waiting, self._reading):
            for task in [task for task in tasks if task.stopping]:
                tasks.remove(task)
                self._end(task, ending())
        for row in reversed(range(len(batch.answers))):
            if batch.answers[row].stopping:
                batch.leave(row, ending())

    def _admit(self, batch: RunningBatch) -> None:
        """Admit who may compute, answers in the order of their arrival; tell the others their place in the queue."""
        for task in [task for task in self._waiting if not task.ledger]:
            self._try(task, batch)
        for answer in [task for task in self._waiting if isinstance(task, Answer)]:
            if not self._try(answer, batch):
                break
        else:
            for task in list(self._waiting):
                self._try(task, batch)
        self._tell_places([*batch.answers, *self._reading])

    def _tell_places(self, running: list[Task]) -> None:
        """Tell answers that wait their place in the queue, if it is another one; refuse those that it has none for."""
        queued: list[Answer] = []
        for answer in [task for task in self._waiting if isinstance(task, Answer)]:
            if len(queued) < answer.queue_length:
                queued.append(answer)
            else:
                self._waiting.remove(answer)
                self._end(answer, BusyError(f"{answer.queue_length} questions wait already: try again in a moment."))
        for place, answer in enumerate(queued, start=1):
            if answer.place != (place, len(queued)):
                answer.place = place, len(queued)
                answer.tell(Progress("queue", *answer.place, seconds=self._times.expected(place, running)))

    def _try(self, task: Task, batch: RunningBatch) -> bool:
        """Admit a task; False when it has to wait."""
        try:
            task.check()
            admitted = self._admitted(task, batch)
            if not admitted and isinstance(task, Answer) and self._put_back_ahead():
                admitted = self._admitted(task, batch)
            if not admitted:
                return False
            task.steps = task.begin()
        except Exception as error:  # it ends, and waits no longer
            self._waiting.remove(task)
            self._end(task, error)
            return True
        self._waiting.remove(task)
        self._reading.append(task)
        return True

    def _admitted(self, task: Task, batch: RunningBatch) -> bool:
        if isinstance(task, Answer):
            running = len(batch.answers) + sum(isinstance(other, Answer) for other in self._reading)
            if running >= task.at_once or not batch.make_room(running + 1, task):
                return False
        task.admitted = task.admit()
        task.began = time.monotonic() if task.admitted else None
        return task.admitted

    def _put_back_ahead(self) -> bool:
        """Send readings ahead back to the queue, with their memory; whether there was one."""
        ahead = [task for task in self._reading if task.urgency.priority == Priority.AHEAD]
        for task in ahead:
            self._reading.remove(task)
            task.let_go()
            self._waiting.append(task)
        return bool(ahead)

    def _read(self, batch: RunningBatch) -> None:
        """Read a chunk, of a section or of several short questions, for who is most urgent."""
        left = decoding.CHUNK
        while left > 0 and (task := self._next(batch)):
            left -= self._advance(task, batch)

    def _next(self, batch: RunningBatch) -> Task | None:
        ready: Iterable[Task] = [task for task in self._reading if not task.stopping]
        if batch.answers:
            ready = [task for task in ready if task.urgency.priority < Priority.AHEAD]
        return min(ready, key=lambda task: (task.urgency.priority, task.served), default=None)

    def _advance(self, task: Task, batch: RunningBatch) -> int:
        """One step of a task; how many tokens it counts for."""
        try:
            step: Any = next(task.steps or iter(()))
        except StopIteration as ended:
            self._reading.remove(task)
            if isinstance(task, Answer):
                batch.start(task, *ended.value)
            else:
                self._end(task)
            return 0
        except Exception as error:
            self._failed(task, error)
            return decoding.CHUNK
        if isinstance(step, Priority):
            task.urgency.priority = step
            return 0
        task.served += 1
        if isinstance(step, Progress):
            task.tell(step)
        return step if isinstance(step, int) else decoding.CHUNK

    def _failed(self, task: Task, error: Exception) -> None:
        """End a task, or begin its steps once more where memory had run out: what was read stays read."""
        if is_out_of_memory(error) and not task.retried:
            task.retried = True
            free_memory()
            with suppress(Exception):
                task.steps = task.begin()
                return
        self._reading.remove(task)
        self._end(task, error)

    def _end(self, task: Task, error: BaseException | None = None) -> None:
        failed = task.let_go()
        self._times.add(task)
        error = error or failed
        task.end(in_words(error) if error and is_out_of_memory(error) else error)


_schedulers: "WeakKeyDictionary[LoadedModel, Scheduler]" = WeakKeyDictionary()
_schedulers_lock = threading.Lock()


def scheduler_of(model: LoadedModel) -> Scheduler:
    """The one scheduler of a model, and of all that are made of it: they share a network."""
    with _schedulers_lock:
        return _schedulers.setdefault(model.origin, Scheduler(model.origin))
