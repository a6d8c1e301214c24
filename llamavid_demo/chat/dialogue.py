"""The turns of a conversation about a section: asked, asked again, undone. How one is answered is others' work."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

import torch

from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.foreign import foreign_language
from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress
from llamavid_demo.chat.task import Stopped
from llamavid_demo.chat.turn import Told, Turn
from llamavid_demo.chat.turn_log import note
from llamavid_demo.errors import ClosingError, MovieError, QuestionError
from llamavid_demo.film import Cue, Movie
from llamavid_demo.film.sections import clock
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.report import Figures, Moment, Report
from llamavid_demo.settings import Settings


class Dialogue(ABC):
    """Turns about section number `section` of a movie, or about "all" of it; one is written at a time.

    `history` holds turns of an earlier conversation as (question, answer). Subtitles in a language that the model does
    not speak are not read, as `foreign` says, "" where they are. Raises `MovieError` for a section that is not there.
    """

    def __init__(
        self,
        model: LoadedModel,
        movie: Movie,
        section: int | Literal["all"] = 0,
        *,
        settings: Settings | None = None,
        progress: ProgressCallback | None = None,
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.model, self.movie = model, movie
        self.settings = settings or Settings()
        if section != "all" and not 0 <= section < len(movie.sections):
            raise MovieError(f"{movie.title} has sections 0 to {len(movie.sections) - 1}, not {section}.")
        self.section = movie.whole if section == "all" else movie.sections[section]
        self.turns = [Turn.past(question, answer) for question, answer in history]
        self.foreign = foreign_language(model, movie)
        self._progress = progress or ignore_progress
        self._busy = threading.Lock()
        self._greedy = Sampling(max_new_tokens=self.settings.max_new_tokens)

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self._busy.locked()

    @property
    def reads_ahead(self) -> bool:
        """Whether the section can be read before anybody asks."""
        return False

    def read_ahead(self, stopping: threading.Event) -> Iterator[Progress]:
        """Read the section for whatever will be asked, where that is possible, until `stopping` is set."""
        del stopping
        yield from ()

    @abstractmethod
    def answer(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[Told]:
        """Write a turn's answer behind `earlier` ones; `turns` ends with it. Called for whoever iterates the turn."""

    @abstractmethod
    def heat_map(self, seconds: float, turn: Turn | None = None) -> torch.Tensor:
        """Where on the frame at `seconds` the model looked for a turn's question, the last turn's by default.

        Shares (rows, columns) that sum to one. Raises `QuestionError` where there is nothing to see.
        """

    def ask(self, question: str, options: Options | None = None, *, after: int | None = None, **chosen: Any) -> Turn:
        """A new turn behind the first `after` turns, or all. What is `chosen` by name goes before the options.

        Greedy unless a temperature is given. Raises `QuestionError`; iterating raises `TooLongError`.
        """
        return self._turn(question, replace(options or Options(), **chosen), self.turns[:after], self._greedy)

    def retry(self, options: Options | None = None, **chosen: Any) -> Turn:
        """Ask the last question again, as before or with other options; its old answer goes when the new one begins.

        Without a temperature it samples as the settings say, for a greedy answer would be the same again. Raises
        `QuestionError`.
        """
        if not self.turns:
            raise QuestionError("There is no question yet to ask again: ask one first.")
        last = self.turns[-1]
        warmer = replace(self._greedy, temperature=self.settings.retry_temperature, top_p=self.settings.retry_top_p)
        return self._turn(last.question, replace(options or last.options, **chosen), self.turns[:-1], warmer)

    def undo(self) -> None:
        """Forget the last turn. Raises `QuestionError` while an answer is being written."""
        if self.busy:
            raise QuestionError("An answer is still being written: stop it first.")
        self.turns = self.turns[:-1]

    def report(self, turn: Turn) -> dict[str, Any]:
        """A turn as plain data, a `Report`: what programs are given."""
        return Report(
            answer=turn.text,
            evidence=[
                Moment(seconds=moment.seconds, weight=round(moment.weight, 4), cue=moment.cue and moment.cue.text)
                for moment in turn.evidence
            ],
            stats=Figures.model_validate(turn.stats) if turn.stats else None,
            finished=turn.finished,
            model=self.model.name,
            section=(self.section.start, self.section.end),
            until=turn.until,
        ).model_dump(mode="json")

    def _turn(self, question: str, options: Options, earlier: list[Turn], unset: Sampling) -> Turn:
        """A turn that samples as `unset` says where its options say nothing."""
        question, until = self.settings.checked_question(question), options.until
        if until is not None and until <= self.section.seconds[0]:
            raise QuestionError(
                f"Nothing of this section comes before {clock(until)}: let the film play first, or allow spoilers."
            )
        if self.foreign and options.reads == "subtitles":
            raise QuestionError(f"{self.foreign} Let the model use the frames.")
        if self.foreign:
            options = replace(options, reads="frames")
        if options.reads == "subtitles" and not self._cues(options):
            when = "in this section" if until is None else f"in this section before {clock(until)}"
            raise QuestionError(f"Nothing is said {when} that could be read: let the model use the frames too.")
        sampling, options = unset.but(options), options if self.model.general else replace(options, style="any")
        turn = Turn(
            question, lambda turn: self._write(turn, list(earlier), sampling), options=options, progress=self._progress
        )
        turn.used = replace(options, **asdict(sampling))
        return turn

    def _cues(self, options: Options) -> list[Cue]:
        """Cues of the section that the model may read, and that may be told."""
        cues, until = self.movie.cues(self.section) if options.reads != "frames" else (), options.until
        return [cue for cue in cues if until is None or cue.end <= until]

    def _write(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[Told]:
        if not self._busy.acquire(blocking=False):
            raise QuestionError("An answer is still being written: wait for it or stop it first.")
        before, self.turns = self.turns, [*earlier, turn]
        failed: BaseException | None = None
        try:
            yield from self.answer(turn, earlier, sampling)
        except Stopped:
            turn.finished = "stopped"
        except GeneratorExit:  # whoever iterated has left
            turn.finished = "stopped"
            raise
        except ClosingError as error:  # what was written so far can be kept
            turn.finished, failed = "stopped", error
            raise
        except BaseException as error:
            self.turns, failed = before, error
            raise
        finally:
            self._busy.release()
            note(turn, self.model.name, self.movie, self.section, failed, texts=self.settings.log_texts)
