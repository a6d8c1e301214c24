"""A conversation about a section of a film. The section is read once; a turn costs its own words."""

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from typing import Any, Literal

import torch

from llamavid_demo.chat.cost import used_bytes
from llamavid_demo.chat.decoding import Sampling, read
from llamavid_demo.chat.encoded_section import encode_section, open_cache
from llamavid_demo.chat.engine import Answer, Preparation, Stopped, engine_of
from llamavid_demo.chat.evidence import find_evidence, heat_map
from llamavid_demo.chat.prefixes import PrefixCache, SharedPrefix
from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress, tell
from llamavid_demo.chat.section_reader import SectionReader, View, held_in_eight_bits
from llamavid_demo.chat.turn import Turn, TurnStats
from llamavid_demo.errors import MovieError, QuestionError, TooLongError
from llamavid_demo.film import Movie
from llamavid_demo.film.sections import clock
from llamavid_demo.model.attention import AttentionWatch, TailReading
from llamavid_demo.model.kv_cache import Tail
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, NO_GUIDE, Heard, LoadedModel
from llamavid_demo.model.moments import watched_mass
from llamavid_demo.model.prompt import Word, common_prefix, word_places
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)


class MovieChat:
    """Talk with section number `section` of a movie, or with "all" of it.

    Making one reads the section's frames, or finds them in the cache folder. Context tokens are built from a neutral
    question, and each turn takes a second look; or from the first question, or from each, for which the film is read
    anew: the settings say, else the checkpoint (`ModelConfig.guide`). `history` holds turns of an
    earlier conversation as (question, answer); `prefixes` are shared by all conversations of the program unless
    others are given. Raises `MovieError`, and `TooLongError` before anything is read.
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
        prefixes: PrefixCache | None = None,
    ) -> None:
        self.model, self.movie = model, movie
        self.settings = settings or Settings()
        if section != "all" and not 0 <= section < len(movie.sections):
            raise MovieError(f"{movie.title} has sections 0 to {len(movie.sections) - 1}, not {section}.")
        self.section = movie.whole if section == "all" else movie.sections[section]
        self.turns = [Turn.past(question, answer) for question, answer in history]
        self._progress = progress or ignore_progress
        self._cache = open_cache(self.settings)
        self._check_length(len(self.section.seconds) * model.config.tokens_per_frame)
        self._encoded = encode_section(model, movie, self.section, self._cache, progress=self._progress)
        if prefixes is None:
            prefixes = _shared_prefixes(self.settings.prefix_gb, self.settings.offload_gb)
        eight_bit = held_in_eight_bits(model, movie, self.section, self.settings)
        self._reader = SectionReader(
            model, self._encoded, self._cache, prefixes, eight_bit=eight_bit, room=self.settings.frames_room
        )
        self._check_length(len(self._reader.prompt.ids))
        # guide question and tokens of the section that the tail stands behind
        self._seen: tuple[str, int] | None = None
        self._tail = Tail(model.config.llama.num_hidden_layers)
        self._tail_words: list[Word] = []  # what the tail holds
        self._asked: list[Word] = []  # the words of the last turn and of those before it
        self._heard: Heard | None = None
        self._reused = 0  # tokens of the prompt that were in memory already
        self._busy = threading.Lock()

    @property
    def guide(self) -> str | None:
        """The guide question of the last turn; None before the first one."""
        return self._seen[0] if self._seen else None

    def ask(
        self,
        question: str,
        *,
        until: float | None = None,
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
    ) -> Turn:
        """A new turn, written as it is iterated; with `until` it knows only what comes before that second of the film.

        Raises `QuestionError`; iterating raises `TooLongError`.
        """
        return self._turn(question, until, self.turns, Sampling(temperature, top_p, self._longest(max_new_tokens)))

    def retry(self, *, temperature: float = 0.0, top_p: float = 1.0, max_new_tokens: int | None = None) -> Turn:
        """Ask the last question again; its old answer goes when the new one begins. Raises `QuestionError`."""
        if not self.turns:
            raise QuestionError("There is no question yet to ask again: ask one first.")
        sampling = Sampling(temperature, top_p, self._longest(max_new_tokens))
        last = self.turns[-1]
        return self._turn(last.question, last.until, self.turns[:-1], sampling)

    def undo(self) -> None:
        """Forget the last turn. Raises `QuestionError` while an answer is being written."""
        if self._busy.locked():
            raise QuestionError("An answer is still being written: stop it first.")
        self.turns = self.turns[:-1]

    def heat_map(self, seconds: float, turn: Turn | None = None) -> torch.Tensor:
        """Where on the frame at `seconds` the model looked for a turn's question, the last turn's by default.

        Shares (rows, columns) that sum to one. Raises `QuestionError` before the first question, and `MovieError` for
        a second that is not in the section.
        """
        turns = self.turns
        if not turns:
            raise QuestionError("There is no question yet: ask one first, then see where the model looked for it.")
        turn = turn or turns[-1]
        guide = turn.question if self._guide_mode in ("ahead", NO_GUIDE) else self._guide(turn, first=turns[0])
        return engine_of(self.model).compute(self.model, lambda: heat_map(self.model, self._encoded, guide, seconds))

    def report(self, turn: Turn) -> dict[str, Any]:
        """A finished turn as plain data: answer, evidence, stats, model, section. What programs are given."""
        stats = turn.stats
        figures = ("frames", "prompt_tokens", "reused_tokens", "ttft_s", "tokens_per_s")
        return {
            "answer": turn.text,
            "evidence": [
                {"seconds": moment.seconds, "weight": round(moment.weight, 4), "cue": moment.cue and moment.cue.text}
                for moment in turn.evidence
            ],
            "stats": {name: getattr(stats, name) for name in figures} if stats else None,
            "model": self.model.name,
            "section": [self.section.start, self.section.end],
        }

    def _longest(self, max_new_tokens: int | None) -> int:
        return max_new_tokens or self.settings.max_new_tokens

    def _turn(self, question: str, until: float | None, earlier: list[Turn], sampling: Sampling) -> Turn:
        question = question.strip()
        if not question:
            raise QuestionError("The question is empty: type what you want to know about the film.")
        if len(question) > self.settings.question_chars:
            raise QuestionError(
                f"The question has {len(question):,} characters; {self.settings.question_chars:,} are read at most: "
                "make it shorter."
            )
        if until is not None and until <= self._encoded.times[0]:
            raise QuestionError(
                f"Nothing of this section comes before {clock(until)}: let the film play first, or allow spoilers."
            )
        return Turn(question, lambda turn: self._write(turn, list(earlier), sampling), until=until)

    def _write(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[str]:
        if not self._busy.acquire(blocking=False):
            raise QuestionError("An answer is still being written: wait for it or stop it first.")
        before, self.turns = self.turns, [*earlier, turn]
        try:
            yield from self._answer(turn, earlier, sampling)
        except Stopped:
            turn.finished = "stopped"
        except GeneratorExit:  # whoever iterated has left
            turn.finished = "stopped"
            raise
        except BaseException:
            self.turns = before
            raise
        finally:
            self._busy.release()

    def _answer(self, turn: Turn, earlier: list[Turn], sampling: Sampling) -> Iterator[str]:
        began = time.perf_counter()
        guide = self._guide(turn, first=self.turns[0])
        view = self._reader.view(turn.until)
        turns = [*((past.question, past.text) for past in earlier), (turn.question, None)]
        words = self.model.words(view.last_cues, turns, answers=self.settings.answers or self.model.config.answers)
        most = len(words) + self._look_frames * len(turns)
        self._check_length(view.visible + most + sampling.max_new_tokens)
        self._asked, self._reused, first = words, 0, None
        watch = AttentionWatch(len(view.reader.prompt.ids), self.model.config.watched_layers, most)
        with view.reader.using(guide) as shared:
            preparation = self._prepare(shared, guide, view, words, [question for question, _ in turns])
            answer = Answer(preparation, sampling, stopping=turn.stopping, watch=watch)
            try:
                with closing(iter(engine_of(self.model).submit(self.model, answer))) as told:
                    for what in told:
                        if isinstance(what, Progress):
                            self._progress(what)
                        else:
                            first = first or time.perf_counter()
                            yield from self._new_text(turn, answer.ids)
                turn.finished = "length" if len(answer.ids) == sampling.max_new_tokens else "end"
                yield from self._new_text(turn, answer.ids, last=True)
            finally:
                if answer.reading is not None:
                    self._tail_words = [*self._asked, *map(Word, answer.ids)][: self._tail.length]
                now = time.perf_counter()
                first = first or now
                turn.stats = TurnStats(
                    frames=len(self._encoded.times),
                    prompt_tokens=view.visible + len(self._asked),
                    reused_tokens=self._reused,
                    new_tokens=len(answer.ids),
                    ttft_s=first - began,
                    tokens_per_s=max(0, len(answer.ids) - 1) / (now - first) if now > first else 0.0,
                    memory_bytes=used_bytes(self.model.device),
                )
                self._add_evidence(turn, watch, view)

    @property
    def _guide_mode(self) -> str:
        """Which question context tokens are built from (`ModelConfig.guide`)."""
        own = self.model.config.guide
        return own if own == NO_GUIDE else self.settings.guide or own

    @property
    def _look_frames(self) -> int:
        """Frames that each question looks at again, at most."""
        return min(self.settings.look_frames, len(self._encoded.times)) if self._guide_mode == "ahead" else 0

    def _guide(self, turn: Turn, *, first: Turn) -> str:
        """The guide question of the prefix, for a turn in a conversation that began with `first`."""
        guides = {NO_GUIDE: "", "ahead": NEUTRAL_GUIDE, "every": turn.question}
        return guides.get(self._guide_mode, first.question)

    def _prepare(
        self, shared: SharedPrefix, guide: str, view: View, words: list[Word], questions: Sequence[str] = ()
    ) -> Preparation:
        """Read what an answer needs and is not in memory: the section as the guide question sees it, second looks of
        the turns' questions, the words.
        """
        if self._seen != (guide, view.visible):
            self._tail.cut(0)
            self._seen, self._tail_words, self._heard = None, [], self.model.hear()
        self._reused = min(shared.prefix.filled, view.visible)
        frames = yield from view.reader.read(shared, guide)
        self._seen = guide, view.visible
        words, stale = frames.look_again(words, questions, frames=self._look_frames, visible=view.visible)
        self._asked = words
        keep = min(common_prefix(self._tail_words, words), len(words) - 1)  # the last word gives the logits
        self._reused += keep
        self._tail_words = self._tail_words[:keep]
        self._tail.cut(keep)
        looks = sum(word.look is not None for word in words[keep:])
        stage, total = ("look", looks) if looks else ("words", len(view.reader.encoded.times))
        embeds = yield from tell(stage, total, frames.embed_words(words, known=keep, heard=self._heard))
        places = word_places(words, view.visible)
        reading = TailReading(shared.prefix, self._tail, view.visible, places=places, stale=stale)
        logits = yield from read(self.model, reading, embeds)
        return reading, logits

    def _new_text(self, turn: Turn, ids: list[int], *, last: bool = False) -> Iterator[str]:
        text = self.model.tokenizer.decode(ids).strip()
        if len(text) > len(turn.text) and (last or not text.endswith("\ufffd")):  # half a character waits
            piece, turn.text = text[len(turn.text) :], text
            yield piece

    def _add_evidence(self, turn: Turn, watch: AttentionWatch, view: View) -> None:
        per_frame = self.model.config.tokens_per_frame
        mass = watched_mass(watch, view.reader.prompt.ids, per_frame, self._asked)  # (T, n)
        times, cues = self._encoded.times, self.movie.cues(self.section)
        if turn.until is not None:  # what comes later was not seen, and its words are not to be told
            times = times[: bisect_left(times, turn.until)]
            cues = tuple(cue for cue in cues if cue.end <= turn.until)
        turn.evidence = find_evidence(mass[: len(times)], times, cues)

    def _check_length(self, tokens: int) -> None:
        if tokens > self.model.config.max_tokens:
            raise TooLongError(
                f"{tokens} tokens are more than the {self.model.config.max_tokens} that this model reads: "
                "choose shorter sections (LLAMAVID_SECTION_MINUTES), or begin a new conversation."
            )


@cache
def _shared_prefixes(gigabytes: float, spare: float) -> PrefixCache:
    return PrefixCache(int(gigabytes * 1e9), spare_bytes=int(spare * 1e9))
