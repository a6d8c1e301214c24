"""A conversation on a lent card (ZeroGPU): each turn is one call, in a process that may end with it.

Patches and frame tokens are found on disk, or made and put there; the section and all earlier turns are read anew in
each call. Nothing of a conversation's KV cache is counted on after it; a process that is lent again may still hold the
section.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from llamavid_demo.chat.away_chat import AwayChat, Ended, Step, TurnJob
from llamavid_demo.chat.lent_card import hold, on_card
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.turn import Told, Turn
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.short import fit_for
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

BRIEF, LONGEST = 30, 120  # seconds that a card is asked for; the Hub lets nobody wait for longer ones who has no quota
A_FRAME = 0.05  # seconds to decode and encode one


@dataclass(frozen=True)
class StopFile:
    """Asks for an end across processes: by being there."""

    path: Path

    def stop(self) -> None:
        """Ask for the end; after it nothing happens."""
        with suppress(FileNotFoundError):
            self.path.touch()

    def asked_for(self) -> bool:
        """Whether somebody has."""
        return self.path.exists()


@dataclass(frozen=True)
class AnswerJob:
    """A turn for a card that is lent for so many `seconds`."""

    turn: TurnJob
    settings: Settings
    stop: StopFile
    seconds: int

    def run(self, model: LoadedModel) -> Iterator[Told | Ended]:
        """Read the section, or find it on disk, and answer."""
        model = fit_for(model, self.turn.movie)
        encoded = yield from self.turn.encoded(model, self.settings, self.stop.asked_for)
        if encoded is None:
            yield Ended()
            return
        movie, section = self.turn.movie, self.turn.section
        chat = MovieChat(model, movie, section, settings=self.settings, encoded=encoded)
        yield from self.turn.answered(chat, self.stop.asked_for)


class LentChat(AwayChat):
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
        self._on_disk = False  # whether a turn has put the section's patches there

    def _steps(self, turn: Turn, job: TurnJob) -> Generator[Step, None, None]:
        unread = 0 if self._on_disk else len(self.section.seconds)
        with TemporaryDirectory(prefix="turn-") as folder:
            stop = StopFile(Path(folder) / "stop")
            turn.answered_by(stop)
            lent = AnswerJob(job, self.settings, stop, seconds=min(LONGEST, round(BRIEF + A_FRAME * unread)))
            with closing(on_card(lent)) as steps:
                try:
                    for step in steps:
                        self._on_disk |= isinstance(step, Ended) and step.stats is not None
                        yield step
                finally:
                    stop.stop()  # whoever has left waits no longer than until its next step
