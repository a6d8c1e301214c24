"""A conversation whose turns are answered in another process: on a lent card (ZeroGPU), or by a replica.

Each turn is sent as plain data with all that its answer depends on. What comes back is what happens, step by step, and
last how it ended.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

import torch

from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.dialogue import Dialogue
from llamavid_demo.chat.encoded_section import EncodedSection, encode_section, open_cache
from llamavid_demo.chat.evidence import Evidence
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.task import Priority, Stopped
from llamavid_demo.chat.turn import Told, Turn, TurnStats
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings

Part = int | Literal["all"]


@dataclass(frozen=True)
class Ended:
    """How an answer ended, what it cost and leaned on; heat maps (rows, columns) by the evidence's seconds."""

    finished: Literal["end", "length", "stopped"] | None = "stopped"
    stats: TurnStats | None = None
    evidence: tuple[Evidence, ...] = ()
    heat_maps: dict[float, list[list[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """What went wrong over there, to be raised here."""

    error: Exception


@dataclass(frozen=True)
class Anew:
    """The answer begins once more, elsewhere: what was written of it so far comes again."""


@dataclass(frozen=True)
class TurnJob:
    """A turn with all that its answer depends on; `earlier` ones are question, answer and options."""

    movie: Movie
    section: Part
    question: str
    options: Options
    sampling: Sampling
    earlier: tuple[tuple[str, str, Options], ...]

    def encoded(
        self, model: LoadedModel, settings: Settings, stopping: Callable[[], bool], priority: Priority = Priority.READ
    ) -> Generator[Told, None, EncodedSection | None]:
        """Read the section's frames, or find them kept; the generator's value, None when it was stopped before."""
        part = self.movie.whole if self.section == "all" else self.movie.sections[self.section]
        cache = open_cache(settings, self.movie)
        with closing(encode_section(model, self.movie, part, cache, priority=priority)) as reading:
            while not stopping():
                try:
                    progress: Progress = next(reading)
                except StopIteration as read:
                    encoded: EncodedSection = read.value
                    return encoded
                yield [progress]
        return None

    def answered(self, chat: MovieChat, stopping: Callable[[], bool]) -> Iterator[Told | Ended]:
        """Answer the turn in a conversation about its section."""
        earlier = [_past(*turn) for turn in self.earlier]
        turn = Turn(self.question, lambda turn: chat.answer(turn, earlier, self.sampling), options=self.options)
        chat.turns = [*earlier, turn]
        try:
            for told in turn.events():
                if stopping():
                    turn.stop()
                yield told
        except Stopped:
            turn.finished = "stopped"
        yield Ended(turn.finished, turn.stats, tuple(turn.evidence), _heat_maps(chat, turn))


Step = Told | Ended | Anew


class AwayChat(Dialogue):
    """Talk about a section, or "all" of a movie, with a model in another process. See `Dialogue`."""

    def __init__(self, model: LoadedModel, movie: Movie, section: Part = 0, **options: Any) -> None:
        super().__init__(model, movie, section, **options)
        self._part: Part = section
        self._heat_maps: WeakKeyDictionary[Turn, dict[float, torch.Tensor]] = WeakKeyDictionary()

    @abstractmethod
    def _steps(self, turn: Turn, job: TurnJob) -> Generator[Step, None, None]:
        """Have a turn answered; closing it ends that. Raises what went wrong over there."""

    def answer(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[Told]:
        """Have a turn answered; its time to the first token holds the wait for another process."""
        first = None
        ended, text = Ended(), ""
        with closing(self._steps(turn, self._job(turn, earlier, sampling))) as steps:
            for step in steps:
                if isinstance(step, Ended):
                    ended = step
                elif isinstance(step, Anew):
                    text = ""
                else:
                    text += "".join(what for what in step if isinstance(what, str))
                    told: Told = [what for what in step if isinstance(what, Progress)]
                    # Nothing, as long as an answer that was begun anew has not come as far as the first time.
                    told += turn.grow(text, last=True)
                    first = first or (time.perf_counter() if text else None)
                    yield told
        if ended.finished != "stopped":
            turn.text = text  # of an answer begun anew that took other words
        if ended.stats:
            turn.stats = replace(ended.stats, ttft_s=(first or time.perf_counter()) - turn.asked_at)
        turn.evidence = list(ended.evidence)
        self._heat_maps[turn] = {second: torch.tensor(rows) for second, rows in ended.heat_maps.items()}
        if ended.finished == "stopped":
            raise Stopped
        turn.finished = ended.finished

    def heat_map(self, seconds: float, turn: Turn | None = None) -> torch.Tensor:
        """Where on the frame at `seconds`, which must be one of its evidence, the model looked for a turn's question.

        Shares (rows, columns), as the turn's own call left them. Raises `QuestionError` for any other second.
        """
        known = self._heat_maps.get(turn or self.turns[-1], {}) if turn or self.turns else {}
        if seconds not in known:
            raise QuestionError("Where the model looked is known for the moments of an answer alone: ask first.")
        return known[seconds]

    def _job(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> TurnJob:
        movie = replace(self.movie, tracks=())  # subtitles that it could have: functions, which no process is sent
        said = tuple((past.question, past.text, past.options) for past in earlier)
        return TurnJob(movie, self._part, turn.question, turn.options, sampling, said)


def _past(question: str, answer: str, options: Options) -> Turn:
    turn = Turn.past(question, answer)
    turn.options = options
    return turn


def _heat_maps(chat: MovieChat, turn: Turn) -> dict[float, Any]:
    """Of all the moments of a turn, by second; none where no frame was read."""
    with suppress(QuestionError):
        return {moment.seconds: chat.heat_map(moment.seconds, turn).tolist() for moment in turn.evidence}
    return {}
