"""The running batch: one row per answer being decoded, a token for all of them in each step.

An answer that is alone may get several: as many of a draft as it would have chosen.
"""

from collections.abc import Callable

import torch

from llamavid_demo.chat import decoding
from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.ledger import Ledger
from llamavid_demo.chat.out_of_memory import free_memory, is_out_of_memory
from llamavid_demo.chat.sizes import batch_bytes
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.attention_watch import DraftWatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.tail import TailBatch

End = Callable[[Answer, BaseException | None], None]


class RunningBatch:
    """Rows of a batch and their answers. `end` is called for each answer that leaves, with what went wrong in it."""

    def __init__(self, model: LoadedModel, end: End) -> None:
        self.model = model
        self.answers: list[Answer] = []
        self.tails = self._new()
        self._end = end
        self._room = 0, 0, 0  # rows, tokens of a row, tokens of a section: the most that were admitted
        self._ledger: Ledger | None = None

    def make_room(self, rows: int, answer: Answer) -> bool:
        """Have the ledger admit so many rows, this answer's among them; False when there is no room now."""
        if answer.ledger is None:
            return True
        had_rows, tokens, section = self._room
        room = max(had_rows, rows), max(tokens, answer.tokens), max(section, answer.section)
        if not answer.ledger.admit(self, batch_bytes(self.model, *room)):
            return False
        self._ledger, self._room = answer.ledger, room
        self.tails.reserve(*room[:2])
        return True

    def close(self) -> None:
        """Give the memory back: there is no row."""
        if self._ledger:
            self._ledger.release(self)
        self._ledger, self._room = None, (0, 0, 0)
        self.tails.reserve(0, 0)

    def start(self, answer: Answer, reading: TailReading, logits: torch.Tensor) -> None:
        """Choose an answer's next token, before it is a row; if more are to follow, it becomes one."""
        answer.reading = reading
        try:
            more = self._write(answer, logits)
            if more:
                self.tails.join(reading.tail)
        except Exception as error:
            return self._end(answer, error)
        if not more:
            return self._end(answer, None)
        self.answers.append(answer)
        return None

    def step(self) -> None:
        """A token more for everybody; whoever is ready leaves."""
        if not self.answers:
            return
        if draft := self._draft():
            return self._step_with(draft)
        try:
            logits = self._read(self.tails, self.answers)
        except Exception as error:
            return self._step_one_by_one(error)
        for row in reversed(range(len(self.answers))):
            try:
                if not self._write(self.answers[row], logits[row]):
                    self.leave(row)
            except Exception as error:  # as when logits are no numbers
                self.leave(row, error)
        return None

    def _draft(self) -> list[int]:
        """What may follow of an answer that is alone; nothing where a draft costs more than a token."""
        answer, *others = self.answers
        return [] if others else answer.draft(self.model.draft_tokens)

    def _step_with(self, draft: list[int]) -> None:
        """Tokens for the only answer: as many of a draft as it would have chosen, and one more."""
        answer = self.answers[0]
        if answer.reading is None:
            return
        reading = answer.reading.drafting(self.tails.row(0), 1 + len(draft))
        try:
            logits = decoding.read_draft(self.model, reading, [answer.ids[-1], *draft])
        except Exception as error:
            return self._step_one_by_one(error)
        return self._accept(answer, reading, draft, logits)

    def _accept(self, answer: Answer, reading: TailReading, draft: list[int], logits: torch.Tensor) -> None:
        """Choose tokens as long as they are those of the draft, and the one behind them."""
        came_true, more = 0, False
        try:
            for expected, row in zip([*draft, None], logits, strict=True):
                more = self._write(answer, row)
                if not more or answer.ids[-1] != expected:
                    break
                came_true += 1
        except Exception as error:
            return self.leave(0, error)
        reading.tail.advance(came_true + 1)
        if isinstance(reading.watch, DraftWatch):
            reading.watch.write(came_true + 1)
        return None if more else self.leave(0)

    def leave(self, row: int, error: BaseException | None = None) -> None:
        """End the answer of a row; its conversation gets its words back."""
        answer = self.answers[row]
        failed = self._let_go(row)
        self._end(answer, error or failed)

    def _let_go(self, row: int) -> Exception | None:
        """Give a row's words to its conversation; the last row takes its place. What went wrong in that."""
        self.answers[row] = self.answers[-1]
        self.answers.pop()
        try:
            self.tails.leave(row)
        except Exception as failed:
            self.tails.tails[row].clear()
            self.tails.drop(row)
            return failed
        return None

    def _step_one_by_one(self, error: Exception) -> None:
        """Find whose step fails: each takes it alone, and who can becomes a row again.

        Where memory ran out it is freed first; without that a single row need not try again.
        """
        answers = list(self.answers)
        if len(answers) == 1 and not is_out_of_memory(error):
            return self.leave(0, error)
        failed = [(answers[row], self._let_go(row)) for row in reversed(range(len(answers)))]
        free_memory()
        for answer, trouble in reversed(failed):
            if trouble:
                self._end(answer, trouble)
            else:
                self._step_alone(answer)
        return None

    def _step_alone(self, answer: Answer) -> None:
        alone, reading = self._new(), answer.reading
        if reading is None:
            return
        try:
            alone.join(reading.tail)
            logits = self._read(alone, [answer])
            alone.leave(0)
        except Exception as error:
            return self._end(answer, error)
        return self.start(answer, reading, logits[0])

    def _read(self, batch: TailBatch, answers: list[Answer]) -> torch.Tensor:
        readings = [answer.reading for answer in answers if answer.reading]
        return decoding.step(self.model, batch, readings, [answer.ids[-1] for answer in answers])

    def _write(self, answer: Answer, logits: torch.Tensor) -> bool:
        """Choose the next token; whether another one will follow it."""
        token = answer.choose(logits, answer.ids)
        if token == self.model.tokenizer.eos:
            return False
        answer.ids.append(token)
        answer.tell(token)
        return len(answer.ids) < answer.sampling.max_new_tokens

    def _new(self) -> TailBatch:
        return TailBatch(self.model.config.llama.num_hidden_layers)
