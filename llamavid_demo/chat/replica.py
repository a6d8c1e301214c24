"""A replica: models of its own in a process of its own, for conversations that are held elsewhere.

Ray Serve starts replicas and sends them what is asked (`chat/replicas.py`); nothing here imports it. A conversation
that comes back finds what was read for it. Nothing that it needs is here alone: it may be asked anywhere else.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from llamavid_demo.chat.away_chat import Ended, Failed, TurnJob
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.task import Priority
from llamavid_demo.chat.turn import Told
from llamavid_demo.errors import DemoError
from llamavid_demo.film.stored import fetch_film
from llamavid_demo.model.llama_vid.short import fit_for
from llamavid_demo.model.load import load_chosen_model
from llamavid_demo.model.loaded import LoadedModel, ModelConfig
from llamavid_demo.settings import Settings

CONVERSATIONS = 64  # that are kept for their next question
REMEMBERED = 1000  # calls that were stopped, also such as never come here
THREADS = 256  # a call that waits for the model holds one

log = logging.getLogger(__name__)
_OVER = object()


@dataclass(frozen=True)
class Call:
    """A turn that is asked of a replica: `number` names the call, `conversation` its conversation, `model` its model.

    Without an answer wanted the section is only read, ahead of any question.
    """

    number: str
    conversation: str
    model: str
    turn: TurnJob
    ahead: bool = False


class Replica:
    """Answers turns with the models on `offer`, each loaded when it is first wanted, the first one at once."""

    def __init__(self, offer: dict[str, Settings]) -> None:
        self._offer = offer
        self._models: dict[str, LoadedModel] = {}
        self._loading = threading.Lock()
        self._chats: OrderedDict[str, MovieChat] = OrderedDict()
        self._stopped: OrderedDict[str, None] = OrderedDict()
        self._threads = CapacityLimiter(THREADS)
        with suppress(DemoError):  # whoever asks for it hears why
            self._model(next(iter(offer)))

    async def outline(self, name: str) -> tuple[ModelConfig, LoadedModel] | Failed:
        """A model's config, and the model without its network."""
        try:
            model = await run_sync(self._model, name, limiter=self._threads)
        except Exception as error:
            return _failed(error)
        return model.config, model.without_network()

    async def steps(self, call: Call) -> AsyncGenerator[Told | Ended | Failed, None]:
        """What happens while a call is answered. Whoever closes it, or cancels it, ends that."""
        steps, one_at_a_time = self._read_ahead(call) if call.ahead else self._answer(call), threading.Lock()

        def step() -> Any:
            with one_at_a_time:
                return next(steps, _OVER)

        def leave() -> None:
            with one_at_a_time:
                steps.close()

        try:
            while (told := await run_sync(step, limiter=self._threads)) is not _OVER:
                yield told
        finally:
            # In a thread that nobody waits for: here everything may be cancelled by now.
            self._stop(call.number)
            threading.Thread(target=leave, daemon=True, name="leaving").start()

    async def stop(self, number: str) -> None:
        """End a call's answer, also if it comes only later; what was written of it is kept."""
        self._stop(number)

    def _stop(self, number: str) -> None:
        self._stopped[number] = None
        while len(self._stopped) > REMEMBERED:
            with suppress(KeyError):
                self._stopped.popitem(last=False)

    def _answer(self, call: Call) -> Generator[Told | Ended | Failed, None, None]:
        stopping = partial(self._stopped.__contains__, call.number)
        try:
            chat = self._chats.pop(call.conversation, None) or (yield from self._chat(call, stopping))
            if chat is None:
                yield Ended()
                return
            yield from call.turn.answered(chat, stopping)
            self._keep(call.conversation, chat)
        except Exception as error:
            yield _failed(error)

    def _read_ahead(self, call: Call) -> Generator[Told | Failed, None, None]:
        stopping = partial(self._stopped.__contains__, call.number)
        try:
            chat = yield from self._chat(call, stopping, Priority.AHEAD)
            if chat is not None:
                yield from _told(chat.read_ahead(_Flag(stopping)))
                self._keep(call.conversation, chat)
        except Exception as error:
            yield _failed(error)

    def _chat(
        self, call: Call, stopping: "partial[bool]", priority: Priority = Priority.READ
    ) -> Generator[Told, None, MovieChat | None]:
        model, settings = self._model(call.model), self._offer[call.model]
        if settings.movies_url:
            fetch_film(settings.movies_url, settings.fetched_films, call.turn.movie.path)
        model = fit_for(model, call.turn.movie)
        encoded = yield from call.turn.encoded(model, settings, stopping, priority)
        if encoded is None:
            return None
        return MovieChat(model, call.turn.movie, call.turn.section, settings=settings, encoded=encoded)

    def _keep(self, conversation: str, chat: MovieChat) -> None:
        self._chats[conversation] = chat
        while len(self._chats) > CONVERSATIONS:
            with suppress(KeyError):
                self._chats.popitem(last=False)

    def _model(self, name: str) -> LoadedModel:
        with self._loading:
            if name not in self._models:
                self._models[name] = load_chosen_model(self._offer[name])
            return self._models[name]


class _Flag(threading.Event):
    """Set when something else says so."""

    def __init__(self, stopping: "partial[bool]") -> None:
        super().__init__()
        self._stopping = stopping

    def is_set(self) -> bool:
        return self._stopping()


def _told(steps: Iterator[Progress]) -> Iterator[Told]:
    for progress in steps:
        yield [progress]


def _failed(error: Exception) -> Failed:
    """An error as it can be sent: a person's own as it is, any other's name and words, logged here."""
    if isinstance(error, DemoError):
        return Failed(error)
    log.error("a replica failed", exc_info=error)
    return Failed(RuntimeError(f"{type(error).__name__}: {error}"))
