"""A turn's way through the model: its memory, its section, its second look, its words, and what stays of them."""

import time
from collections.abc import Sequence
from functools import partial

import torch

from llamavid_demo.chat.conversation_cache import ConversationCache
from llamavid_demo.chat.decoding import read
from llamavid_demo.chat.first_word import MARK, first_logits
from llamavid_demo.chat.ledger import Bytes, added
from llamavid_demo.chat.progress import tell
from llamavid_demo.chat.quoting import Quotable, quoted
from llamavid_demo.chat.section_reader import View
from llamavid_demo.chat.section_task import SectionTask
from llamavid_demo.chat.sizes import batch_bytes, tail_bytes
from llamavid_demo.chat.task import Priority, Steps
from llamavid_demo.chat.turn import TurnStats
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.prompt import Exchange, Word, word_places


class TurnTask(SectionTask):
    """What an answer needs read: the section as the guide question sees it, second looks of the `turns`, the words.

    Each question looks at `look_frames` frames at most; `longest` is the answer's length in tokens, at most. So many
    earlier turns were `dropped`. `asked` are the words with their looks, `reused` the tokens that were in memory
    already.
    """

    def __init__(
        self,
        view: View,
        guide: str,
        conversation: ConversationCache,
        words: list[Word],
        turns: Sequence[Exchange] = (),
        *,
        look_frames: int = 0,
        longest: int = 0,
        dropped: int = 0,
    ) -> None:
        super().__init__(view, guide)
        self.conversation, self.asked, self.turns, self.dropped = conversation, words, turns, dropped
        self.look_frames, self.reused = look_frames, 0
        self.most_words = len(words) + self.reader.model.look_tokens(look_frames, len(turns))
        self.tokens = self.most_words + longest
        config = self.reader.model.config
        self.watch = AttentionWatch(
            len(self.reader.prompt.ids), config.watched_layers, self.most_words, config.watched_heads, config.quotes
        )
        self._words = words

    @property
    def extra(self) -> Bytes:
        """Bytes of its words and of its row in the running batch."""
        model = self.reader.model
        return added(tail_bytes(model, self.tokens), batch_bytes(model, 1, self.tokens, len(self.reader.prompt.ids)))

    def admit(self) -> bool:
        """Take the memory; False when there is no room now."""
        with self.ledger.lock:
            self.conversation.use()
            if self.ledger.admit(self.conversation.account, tail_bytes(self.reader.model, self.tokens)):
                self.shared = self.reader.take(self.guide)
            if self.shared is None:
                self.conversation.rest(self.conversation.words)
            return self.shared is not None

    def turn_steps(self) -> Steps[tuple[TailReading, torch.Tensor]]:
        """Read all that is not in memory; where the answer is written, and the first logits (V,)."""
        kept, visible = self.conversation, self.view.visible
        kept.behind(self.guide, visible, self.reader.reads)
        prefix = self.prefix
        self.reused = min(prefix.filled, visible)
        frames = yield from self.read()
        self.asked, stale = frames.look_again(
            self._words, self.turns, frames=self.look_frames, visible=visible, times=self.reader.encoded.times
        )
        if self.whole and (overview := self._admitted.overview):
            kept.begin(overview, self.asked)
        known = kept.keep(self.asked)
        self.reused += known
        looks = sum(word.fresh for word in self.asked[known:])
        yield Priority.LOOK if looks else Priority.QUESTION
        stage, total = ("look", looks) if looks else ("words", len(self.reader.encoded.times))
        embeds = yield from tell(stage, total, frames.embed_words(self.asked, known=known, state=kept.state))
        yield Priority.QUESTION
        places = word_places(self.asked, visible)
        reading = TailReading(prefix, kept.tail, visible, places=places, stale=stale)
        quotes = self.reader.model.config.quotes
        logits = yield from read(self.reader.model, reading, embeds, self.watch if quotes else None)
        if quotes and self.turns:
            lines = partial(self.quoted, MARK, temperature=0.0)
            logits = first_logits(self.reader.model.tokenizer, logits, self.turns[-1][0], lines)
        reading.watch = self.watch
        return reading, logits

    def quoted(self, opening: str, *, temperature: float) -> str:
        """An answer that begins so, made of the lines that the model looks at by now; "" where there are none."""
        view = self.view
        read = Quotable(self.reader.prompt.ids[: view.visible], view.last_cues, view.cues)
        question = self.turns[-1][0] if self.turns else ""
        return quoted(
            self.reader.model, self.watch, read, self.asked, opening, question=question, temperature=temperature
        )

    def ids_read(self) -> list[int]:
        """Ids of all that was read, second looks first: they have the lines that an answer is most likely to quote."""
        return [*(word.id for word in self.asked), *self.reader.prompt.ids[: self.view.visible]]

    def stats(self, ids: Sequence[int], *, began: float, first: float | None) -> TurnStats:
        """What the turn has cost by now, its answer being `ids`.

        It was asked at `began` and its `first` token came at that second of `time.perf_counter`, None if none did.
        """
        now = time.perf_counter()
        first = first or now
        return TurnStats(
            frames=len(self.reader.encoded.times),
            prompt_tokens=self.view.visible + len(self.asked),
            reused_tokens=self.reused,
            new_tokens=len(ids),
            ttft_s=first - began,
            tokens_per_s=max(0, len(ids) - 1) / (now - first) if now > first else 0.0,
            section_tokens=len(self.reader.prompt.ids),
            memory_bytes=sum(self.reader.section_bytes.values()),
            dropped_turns=self.dropped,
        )

    def give_back(self, ids: Sequence[int]) -> None:
        """Give the memory back: words and answer `ids` stay for the next turn, the section for everybody."""
        try:
            self.conversation.rest([*self.asked, *map(Word, ids)])
        finally:
            self.release()
