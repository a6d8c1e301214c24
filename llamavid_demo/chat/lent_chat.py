"""A conversation on a lent card (ZeroGPU): each turn is one call, in a process that may end with it.

Patches and frame tokens are found on disk, or made and put there; the section and all earlier turns are read anew in
each call. Nothing of a conversation's KV cache is counted on after it; a process that is lent again may still hold the
section.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from weakref import WeakKeyDictionary

import torch

from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.dialogue import Dialogue
from llamavid_demo.chat.encoded_section import EncodedSection, encode_section, open_cache
from llamavid_demo.chat.evidence import Evidence
from llamavid_demo.chat.lent_card import hold, on_card
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.task import Stopped
from llamavid_demo.chat.turn import Told, Turn, TurnStats
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.short import fit_for
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings

BRIEF, LONGEST = 30, 120  # seconds that a card is asked for; the Hub lets nobody wait for longer ones who has no quota
A_FRAME = 0.05  # seconds to decode and encode one


@dataclass(frozen=True)
class Ended:
    """How an answer ended, what it cost and leaned on; heat maps (rows, columns) by the evidence's seconds."""

    finished: Literal["end", "length", "stopped"] | None = "stopped"
    stats: TurnStats | None = None
    evidence: tuple[Evidence, ...] = ()
    heat_maps: dict[float, list[list[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class StopFile:
    """Asks for an end across processes: by being there."""

    path: Path

    def stop(self) -> None:
        """Ask for the end; after it nothing happens."""
        with suppress(FileNotFoundError):
            self.path.touch()

    @property
    def asked_for(self) -> bool:
        """Whether somebody has."""
        return self.path.exists()


@dataclass(frozen=True)
class AnswerJob:
    """A turn with all that its answer depends on; `earlier` ones are question, answer and options."""

    movie: Movie
    section: int | Literal["all"]
    settings: Settings
    question: str
    options: Options
    sampling: Sampling
    earlier: tuple[tuple[str, str, Options], ...]
    stop: StopFile
    seconds: int

    def run(self, model: LoadedModel) -> Iterator[Told | Ended]:
        """Read the section, or find it on disk, and answer."""
        model = fit_for(model, self.movie)
        encoded = yield from self._encode(model)
        if encoded is None:
            yield Ended()
            return
        chat = MovieChat(model, self.movie, self.section, settings=self.settings, encoded=encoded)
        earlier = [_past(*turn) for turn in self.earlier]
        turn = Turn(self.question, lambda turn: chat.answer(turn, earlier, self.sampling), options=self.options)
        chat.turns = [*earlier, turn]
        try:
            for told in turn.events():
                if self.stop.asked_for:
                    turn.stop()
                yield told
        except Stopped:
            turn.finished = "stopped"
        yield Ended(turn.finished, turn.stats, tuple(turn.evidence), _heat_maps(chat, turn))

    def _encode(self, model: LoadedModel) -> Generator[Told, None, EncodedSection | None]:
        part = self.movie.whole if self.section == "all" else self.movie.sections[self.section]
        with closing(encode_section(model, self.movie, part, open_cache(self.settings, self.movie))) as reading:
            while not self.stop.asked_for:
                try:
                    progress: Progress = next(reading)
                except StopIteration as read:
                    encoded: EncodedSection = read.value
                    return encoded
                yield [progress]
        return None


class LentChat(Dialogue):
    """Talk about a section, or "all" of a movie, with a model that gets a card for each turn anew. See `Dialogue`."""

    def __init__(
        self,
        model: LoadedModel,
        movie: Movie,
        section: int | Literal["all"] = 0,
        *,
        settings: Settings,
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(model, movie, section, settings=settings, history=history)
        hold(model, settings)
        self._part: int | Literal["all"] = section
        self._on_disk = False  # whether a turn has put the section's patches there
        self._heat_maps: WeakKeyDictionary[Turn, dict[float, torch.Tensor]] = WeakKeyDictionary()

    def answer(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[Told]:
        """Have a turn answered on a card; its time to the first token begins here, before a card is lent."""
        began, first = time.perf_counter(), None
        ended = Ended()
        with TemporaryDirectory(prefix="turn-") as folder:
            stop = StopFile(Path(folder) / "stop")
            turn.answered_by(stop)
            with closing(on_card(self._job(turn, earlier, sampling, stop))) as steps:
                try:
                    for step in steps:
                        if isinstance(step, Ended):
                            ended = step
                            continue
                        pieces = [what for what in step if isinstance(what, str)]
                        first = first or (time.perf_counter() if pieces else None)
                        turn.text += "".join(pieces)
                        yield step
                finally:
                    stop.stop()  # whoever has left waits no longer than until its next step
        if ended.stats:
            self._on_disk = True
            turn.stats = replace(ended.stats, ttft_s=(first or time.perf_counter()) - began)
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

    def _job(self, turn: Turn, earlier: list[Turn], sampling: Sampling, stop: StopFile) -> AnswerJob:
        unread = 0 if self._on_disk else len(self.section.seconds)
        movie = replace(self.movie, tracks=())  # subtitles that it could have: functions, which no process is sent
        return AnswerJob(
            movie, self._part, self.settings, turn.question, turn.options, sampling,
            tuple((past.question, past.text, past.options) for past in earlier), stop,
            seconds=min(LONGEST, round(BRIEF + A_FRAME * unread)),
        )  # fmt: skip


def _past(question: str, answer: str, options: Options) -> Turn:
    turn = Turn.past(question, answer)
    turn.options = options
    return turn


def _heat_maps(chat: MovieChat, turn: Turn) -> dict[float, Any]:
    """Of all the moments of a turn, by second; none where no frame was read."""
    with suppress(QuestionError):
        return {moment.seconds: chat.heat_map(moment.seconds, turn).tolist() for moment in turn.evidence}
    return {}
