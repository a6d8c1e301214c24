"""A conversation about a section of a film. The section is read once; a turn costs its own words."""

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Literal

import torch

from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.conversation_cache import ConversationCache
from llamavid_demo.chat.decoding import Sampling, chooser
from llamavid_demo.chat.dialogue import Dialogue
from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import EncodedSection, check_length, encode_section, open_cache
from llamavid_demo.chat.evidence import find_evidence, heat_map
from llamavid_demo.chat.history import first_turn_read
from llamavid_demo.chat.memory import shared_prefixes
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.progress import Progress, ProgressCallback, finish
from llamavid_demo.chat.quoting import Choose, Quoting
from llamavid_demo.chat.scheduler import scheduler_of
from llamavid_demo.chat.section_reader import SectionReader, guide_ahead, guide_mode, held_in_eight_bits
from llamavid_demo.chat.section_task import SectionTask
from llamavid_demo.chat.task import Priority, Task, Urgency
from llamavid_demo.chat.turn import Told, Turn
from llamavid_demo.chat.turn_task import TurnTask
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import watched_mass
from llamavid_demo.model.prompt import Exchange, Word
from llamavid_demo.options import Reads
from llamavid_demo.settings import Settings

CHECK_EVERY = 0.2  # seconds between two looks whether a reading ahead is to stop
PATIENCE = 1.0  # seconds after which whoever listens to an answer hears that nothing has happened

log = logging.getLogger(__name__)


class MovieChat(Dialogue):
    """Talk with section number `section` of a movie, or with "all" of it.

    Making one reads the section's frames, or finds them in the cache folder, unless they are given as `encoded`.
    Context tokens are built from a neutral question, and each turn takes a second look; or from the first question, or
    from each, for which the film is read anew: the settings say, else the checkpoint (`ModelConfig.guide`). Subtitles
    in a language that the model does not speak are not read, as `foreign` says, "" where they are. `history`
    holds turns of an earlier conversation as (question, answer); `prefixes` are shared by all conversations of the
    program unless others are given. Raises `MovieError`, and `TooLongError` before anything is read.
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
        encoded: EncodedSection | None = None,
        prefixes: PrefixCache | None = None,
    ) -> None:
        super().__init__(model, movie, section, settings=settings, progress=progress, history=history)
        cache = open_cache(self.settings, movie)
        self._encoded = encoded or self._encode(cache)
        self._reader = SectionReader(
            model, self._encoded, cache, shared_prefixes(self.settings, model) if prefixes is None else prefixes,
            eight_bit=held_in_eight_bits(model, movie, self.section, self.settings), room=self.settings.frames_room,
            looks=min(self.settings.look_frames, len(self._encoded.times)),
            reads="frames" if self.foreign else "both",
        )  # fmt: skip
        check_length(model, len(self._reader.prompt.ids))
        self._readers = {self._reader.reads: self._reader}
        self._conversation = ConversationCache(model, self._reader.prefixes.ledger)

    @property
    def guide(self) -> str | None:
        """The guide question of the last turn; None before the first one."""
        return self._conversation.seen[0] if self._conversation.seen else None

    @property
    def reads_ahead(self) -> bool:
        """Whether the section can be read before anybody asks; otherwise only its frames are."""
        return guide_ahead(self.model, self.settings) is not None

    def read_ahead(self, stopping: threading.Event) -> Iterator[Progress]:
        """Read the section at the lowest priority for whatever will be asked, if the guide allows it.

        Ends when all is read, or soon after `stopping` is set; what was read stays. Raises `MemoryLimitError`.
        """
        guide = guide_ahead(self.model, self.settings)
        if guide is None:
            return
        work = SectionTask(self._reader.view(None), guide)
        task = Task(
            work.steps, urgency=Urgency(Priority.AHEAD), ledger=work.ledger, check=work.check, admit=work.admit,
            release=work.release,
        )  # fmt: skip
        for heard in scheduler_of(self.model).submit(task).heard(patience=CHECK_EVERY):
            if stopping.is_set():
                return
            yield from heard or work.others_progress()

    def answer(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[Told]:
        """Write a turn's answer, with what it cost and leaned on."""
        first = None
        work = self._work(turn, earlier, sampling)
        answer = self._queued(work, sampling)
        turn.answered_by(answer)
        scheduler_of(self.model).submit(answer)
        try:
            with closing(answer.heard(turn.every, PATIENCE)) as heard:
                for told in heard:
                    events: Told = [what for what in told if isinstance(what, Progress)]
                    if len(events) < len(told):
                        first = first or time.perf_counter()
                        events += turn.grow(self.model.tokenizer.decode(list(answer.ids)))
                    yield events
            turn.finished = "length" if len(answer.ids) == sampling.max_new_tokens else "end"
            yield turn.grow(self.model.tokenizer.decode(list(answer.ids)), last=True)
        finally:
            turn.stats = work.stats(answer.ids, began=turn.asked_at, first=first)
            if not answer.stopping or turn.stopping:  # else somebody left, and it may still be written
                self._add_evidence(turn, work)

    def heat_map(self, seconds: float, turn: Turn | None = None) -> torch.Tensor:
        """Where on the frame at `seconds` the model looked for a turn's question, the last turn's by default.

        Shares (rows, columns) that sum to one. Raises `QuestionError` before the first question,
        and for one that was answered from subtitles alone; `MovieError` for a second that is not in the section.
        """
        turns = self.turns
        if not turns:
            raise QuestionError("There is no question yet: ask one first, then see where the model looked for it.")
        turn = turn or turns[-1]
        if turn.options.reads == "subtitles":
            raise QuestionError("That question was answered from the subtitles alone: the model looked at no frame.")
        ahead = guide_ahead(self.model, self.settings, turn.options.guide) is not None
        guide = turn.question if ahead else self._guide(turn, first=turns[0])
        return scheduler_of(self.model).compute(lambda: heat_map(self.model, self._encoded, guide, seconds))

    def _reading(self, reads: Reads) -> SectionReader:
        """The section as those read it who may know that much of it."""
        if reads not in self._readers:
            self._readers[reads] = self._reader.reading(self._encoded, reads)
        return self._readers[reads]

    def _encode(self, cache: DiskCache) -> EncodedSection:
        return finish(encode_section(self.model, self.movie, self.section, cache), self._progress)

    def _work(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> TurnTask:
        """What a turn has to read: of the `earlier` ones the latest that fit. Raises `TooLongError`."""
        view = self._reading(turn.options.reads).view(turn.until)
        asked: list[Exchange] = [*((past.asked, past.text) for past in earlier), (turn.asked, None)]
        look_frames = self._look_frames(turn)

        def words(turns: Sequence[Exchange]) -> list[Word]:
            answers = self.settings.answers or self.model.config.answers
            return self.model.words(view.last_cues, turns, answers=answers)

        def tokens(turns: Sequence[Exchange]) -> int:
            return len(words(turns)) + self.model.look_tokens(look_frames, len(turns))

        room = self.model.config.max_tokens - view.visible - sampling.max_new_tokens
        dropped = first_turn_read(asked, tokens, room)
        work = TurnTask(
            view, self._guide(turn, first=self.turns[0]), self._conversation, words(asked[dropped:]),
            [*((past.question, past.text) for past in earlier[dropped:]), (turn.question, None)],
            look_frames=look_frames, longest=sampling.max_new_tokens, dropped=dropped,
        )  # fmt: skip
        check_length(self.model, view.visible + work.tokens)
        return work

    def _queued(self, work: TurnTask, sampling: Sampling) -> Answer:
        """The answer that comes of a turn's work."""
        choose: Choose = chooser(sampling)
        if self.model.config.quotes:
            choose = Quoting(choose, self.model.tokenizer, partial(work.quoted, temperature=sampling.temperature))
        answer = Answer(
            work.turn_steps, sampling, tokens=work.tokens, section=len(work.reader.prompt.ids), ledger=work.ledger,
            at_once=self.settings.answers_at_once, queue_length=self.settings.queue_length,
            check=work.check, admit=work.admit, read=work.ids_read if self.settings.drafts else tuple,
            choose=choose,
        )  # fmt: skip
        answer.release = partial(work.give_back, answer.ids)  # knows no answer: who knows itself goes late
        return answer

    def _look_frames(self, turn: Turn) -> int:
        """Frames that each question looks at again for a turn, at most."""
        ahead = guide_mode(self.model, self.settings, turn.options.guide) == "ahead"
        looks = ahead and turn.options.reads != "subtitles"
        return self._reader.looks if looks else 0

    def _guide(self, turn: Turn, *, first: Turn) -> str:
        """The guide question of the prefix, for a turn in a conversation that began with `first`."""
        if turn.options.reads == "subtitles":
            return ""
        ahead = guide_ahead(self.model, self.settings, turn.options.guide)
        if ahead is not None:
            return ahead
        every = guide_mode(self.model, self.settings, turn.options.guide) == "every"
        return turn.question if every else first.question

    def _add_evidence(self, turn: Turn, work: TurnTask) -> None:
        per_frame = self.model.config.tokens_per_frame
        ids, seen, spoken = work.reader.prompt.ids, work.reader.seen, self.model.config.spoken_evidence
        mass = watched_mass(work.watch, ids, per_frame, work.asked, spoken=spoken or not seen, seen=seen)  # (T, n)
        times = self._encoded.times
        if turn.until is not None:  # what comes later was not seen
            times = times[: bisect_left(times, turn.until)]
        turn.evidence = find_evidence(mass[: len(times)], times, self._cues(turn.options))
