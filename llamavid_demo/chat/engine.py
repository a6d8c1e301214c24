"""One loop runs the model for everybody: who is answered decodes together, a token each a step.

Sections and questions are read in chunks between the steps, in turns, so nobody's words wait for more than a chunk.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch

from llamavid_demo.chat import decoding
from llamavid_demo.chat.decoding import Sampling, chooser
from llamavid_demo.chat.progress import Progress
from llamavid_demo.errors import BusyError
from llamavid_demo.model.attention import AttentionWatch, Seat, TailReading
from llamavid_demo.model.kv_cache import TailBatch
from llamavid_demo.model.loaded import LoadedModel

T = TypeVar("T")
MOST_ANSWERS = 64  # read or written at once; more are asked to wait

Preparation = Generator[Progress | int | None, None, tuple[TailReading, torch.Tensor]]


class Stopped(Exception):  # noqa: N818 - a request, no error
    """Ends an answer that a person stopped."""


class Answer:
    """An answer that an engine writes. Iterate it for progress, then for token ids.

    `preparation` reads what is needed, pausing after each chunk with its progress or its number of tokens, and ends
    with where the answer is written and the first logits (V,). Iterating raises `Stopped` once `stopping` is set, and
    whatever went wrong in this answer's work; others never notice.
    """

    def __init__(
        self, preparation: Preparation, sampling: Sampling, *, stopping: threading.Event, watch: AttentionWatch
    ) -> None:
        self.preparation, self.sampling, self.stopping, self.watch = preparation, sampling, stopping, watch
        self.choose = chooser(sampling)
        self.reading: TailReading | None = None
        self.ids: list[int] = []
        self._told: queue.SimpleQueue[Progress | int | BaseException | None] = queue.SimpleQueue()

    def __iter__(self) -> Generator[Progress | int, None, None]:
        over = False
        try:
            while (what := self._told.get()) is not None:
                if isinstance(what, BaseException):
                    over = True
                    raise what
                yield what
            over = True
        finally:  # whoever leaves early waits until the engine has let go of the tail
            while not over:
                self.stopping.set()
                over = (what := self._told.get()) is None or isinstance(what, BaseException)

    def tell(self, what: Progress | int) -> None:
        """Called by the engine: pass something on to whoever iterates."""
        self._told.put(what)

    def end(self, error: BaseException | None = None) -> None:
        """Called by the engine: nothing more will come."""
        self.preparation.close()
        self._told.put(error)


class Engine:
    """Computes all that is to be computed with one model, above all the answers of its conversations.

    Its thread lives while there is something to do; a second one that computes would slow both (`own_thread`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: deque[Answer] = deque()
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._running = False

    def submit(self, model: LoadedModel, answer: Answer) -> Answer:
        """Have an answer written. Raises `BusyError` when too many are."""
        with self._lock:
            if len(self._new) >= MOST_ANSWERS:
                raise BusyError(f"{MOST_ANSWERS} questions are being answered: try again in a moment.")
            self._new.append(answer)
            self._start(model)
        return answer

    def compute(self, model: LoadedModel, function: Callable[[], T]) -> T:
        """What a function gives that is called between two steps of the answers. Raises what it raises."""
        given: Future[T] = Future()
        with self._lock:
            self._calls.append((function, given))
            self._start(model)
        return given.result()

    def _start(self, model: LoadedModel) -> None:
        if not self._running:
            self._running = True
            # No daemon: one that is killed inside PyTorch when the program ends takes it down with an error.
            threading.Thread(target=self._run, args=(model,), name="engine").start()

    @torch.inference_mode()
    def _run(self, model: LoadedModel) -> None:
        preparing: deque[Answer] = deque()
        table = Table(model)
        while True:
            with self._lock:
                call = self._calls.popleft() if self._calls else None
                for waiting in [waiting for waiting in self._new if waiting.stopping.is_set()]:
                    self._new.remove(waiting)
                    waiting.end(Stopped())
                while self._new and len(preparing) + len(table.answers) < MOST_ANSWERS:
                    preparing.append(self._new.popleft())
                if not preparing and not table.answers and not call:
                    self._running = False
                    return
            if not threading.main_thread().is_alive():  # the program is ending
                for answer in (*preparing, *table.answers, *self._new):
                    answer.stopping.set()
            if call:
                _call(*call)
            if preparing:
                self._prepare(preparing, table)
            table.step()

    def _prepare(self, preparing: deque[Answer], table: "Table") -> None:
        """Read a chunk, of a section or of several short questions, for whoever is next in turn."""
        left = decoding.CHUNK
        while preparing and left > 0:
            answer = preparing.popleft()
            if answer.stopping.is_set():
                answer.end(Stopped())
                continue
            try:
                read = table.prepare(answer)
            except Exception as error:  # told to whom it concerns
                answer.end(error)
                continue
            if read is not None:
                preparing.append(answer)
                left -= read


class Table:
    """Those who are answered right now, with their tails side by side."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model
        self.answers: list[Answer] = []
        self._batch = TailBatch(model.config.llama.num_hidden_layers)

    def prepare(self, answer: Answer) -> int | None:
        """One chunk of an answer's preparation: how many tokens it read. After the last, None: its first is written.

        Raises what goes wrong in it.
        """
        try:
            progress = next(answer.preparation)
        except StopIteration as prepared:
            reading, logits = prepared.value
            answer.reading = reading
            if self._write(answer, logits):
                self._batch.join(reading.tail)
                self.answers.append(answer)
            else:
                answer.end()
            return None
        if isinstance(progress, int):
            return progress
        if progress:
            answer.tell(progress)
        return decoding.CHUNK

    def step(self) -> None:
        """A token more for everybody; who is ready or was stopped leaves."""
        for row in reversed(range(len(self.answers))):
            if self.answers[row].stopping.is_set():
                self._leave(row, Stopped())
        if not self.answers:
            return
        try:
            logits = self._read(self._batch, self.answers)
        except Exception as error:  # told to whom it concerns
            if len(self.answers) == 1:
                return self._leave(0, error)
            return self._step_alone()
        for row in reversed(range(len(self.answers))):
            try:
                if not self._write(self.answers[row], logits[row]):
                    self._leave(row)
            except Exception as error:  # as when logits are no numbers
                self._leave(row, error)
        return None

    def _step_alone(self) -> None:
        """Find whose step fails: each takes it by itself, and who can sits down again."""
        answers = list(self.answers)
        for row in reversed(range(len(answers))):
            self._batch.leave(row)
        self.answers.clear()
        for answer in answers:
            alone = Table(self.model)
            if answer.reading is not None:
                alone._batch.join(answer.reading.tail)
            alone.answers.append(answer)
            alone.step()
            if alone.answers and answer.reading is not None:
                alone._batch.leave(0)
                self._batch.join(answer.reading.tail)
                self.answers.append(answer)

    def _read(self, batch: TailBatch, answers: list[Answer]) -> torch.Tensor:
        seats = [
            Seat(reading.prefix, reading.visible, answer.watch, reading.looks, reading.stale)
            for answer in answers
            if (reading := answer.reading)
        ]
        return decoding.step(self.model, batch, seats, [answer.ids[-1] for answer in answers])

    def _write(self, answer: Answer, logits: torch.Tensor) -> bool:
        """Choose the next token; whether another one will follow it."""
        token = answer.choose(logits)
        if token == self.model.tokenizer.eos:
            return False
        answer.ids.append(token)
        answer.tell(token)
        return len(answer.ids) < answer.sampling.max_new_tokens

    def _leave(self, row: int, error: BaseException | None = None) -> None:
        self._batch.leave(row)
        answer = self.answers[row]
        self.answers[row] = self.answers[-1]
        self.answers.pop()
        answer.end(error)


def _call(function: Callable[[], T], given: "Future[T]") -> None:
    try:
        given.set_result(function())
    except BaseException as error:  # told to whoever waits for it
        given.set_exception(error)


_engines: "WeakKeyDictionary[LoadedModel, Engine]" = WeakKeyDictionary()
_engines_lock = threading.Lock()


def engine_of(model: LoadedModel) -> Engine:
    """The one engine of a model."""
    with _engines_lock:
        return _engines.setdefault(model, Engine())
