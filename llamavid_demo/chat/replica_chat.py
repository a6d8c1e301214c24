"""A conversation whose turns are answered by replicas: by the one that holds its section, or where that is busy or gone
by another. All that a turn needs comes with it.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Protocol
from uuid import uuid4

from llamavid_demo.chat.away_chat import Anew, AwayChat, Ended, Part, Step, TurnJob
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.replica import Call
from llamavid_demo.chat.section_reader import guide_ahead
from llamavid_demo.chat.task import Stopped
from llamavid_demo.chat.turn import Turn
from llamavid_demo.errors import ReplicaError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

TRIES = 4  # of a turn whose replica dies; more than that and it is the turn that kills them
LOST = "The machine that wrote this answer has gone, and so have those that took it over: ask again in a while."


class LostError(Exception):
    """A replica died in the middle of a call."""


class Replicas(Protocol):
    """What is asked of replicas."""

    def steps(self, call: Call, *, sticky: str) -> Generator[Step, None, None]:
        """What happens while one of them answers, an empty list where nothing has for a while.

        Calls with the same `sticky` words go to the same one as long as it has room. Raises `LostError` when it dies,
        and `DemoError`.
        """

    def stop(self, number: str) -> None:
        """End a call's answer; from any thread, without waiting."""


class ReplicaChat(AwayChat):
    """Talk about a section, or "all" of a movie, with a model that replicas have. See `Dialogue`.

    The model is here without its weights; `name` is what replicas know it by.
    """

    def __init__(
        self, model: LoadedModel, movie: Movie, section: Part = 0, *, name: str, replicas: Replicas,
        settings: Settings, history: Sequence[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        super().__init__(model, movie, section, settings=settings, history=history)
        self._name, self._replicas = name, replicas
        self._conversation = uuid4().hex
        self._sticky = f"{name} {movie.slug} {section}"

    @property
    def reads_ahead(self) -> bool:
        """Whether the section can be read before anybody asks; otherwise only its frames are."""
        return guide_ahead(self.model, self.settings) is not None

    def read_ahead(self, stopping: threading.Event) -> Generator[Progress, None, None]:
        """Have the section read where it will be asked about, until `stopping` is set. A replica that dies ends it."""
        nothing = self._job(Turn(""), [], Sampling())
        call = Call(uuid4().hex, self._conversation, self._name, nothing, ahead=True)
        with closing(self._replicas.steps(call, sticky=self._sticky)) as steps:
            for step in steps:
                if stopping.is_set():
                    return
                if isinstance(step, list):
                    yield from (what for what in step if isinstance(what, Progress))

    def _steps(self, turn: Turn, job: TurnJob) -> Generator[Step, None, None]:
        for _ in range(TRIES):
            asked = _Asked(Call(uuid4().hex, self._conversation, self._name, job), self._replicas)
            turn.answered_by(asked)
            try:
                with closing(self._replicas.steps(asked.call, sticky=self._sticky)) as steps:
                    over, begun = False, False
                    for step in steps:
                        over, begun = isinstance(step, Ended), begun or step != []
                        yield step
                        if turn.stopping and not begun:  # it waits for room; nothing was written
                            return
                    if over:
                        return
            except LostError:
                if turn.stopping:
                    raise Stopped from None
            yield Anew()
        raise ReplicaError(LOST)


class _Asked:
    """A call that can be stopped."""

    def __init__(self, call: Call, replicas: Replicas) -> None:
        self.call, self._replicas = call, replicas

    def stop(self) -> None:
        """End it."""
        self._replicas.stop(self.call.number)
