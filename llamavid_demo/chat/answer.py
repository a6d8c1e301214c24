"""An answer: a task that ends with a row of the running batch."""

from collections.abc import Callable, Sequence

import torch

from llamavid_demo.chat.decoding import Sampling, chooser
from llamavid_demo.chat.drafts import Drafts
from llamavid_demo.chat.ledger import Ledger
from llamavid_demo.chat.quoting import Choose, Quoting
from llamavid_demo.chat.task import Priority, Steps, Task, Urgency
from llamavid_demo.model.attention import TailReading


class Answer(Task):
    """Reads what a question needs, then is decoded: `ids` grows. Its listener hears progress, then each id.

    The value of its steps is where the answer is written and the first logits (V,). `tokens` are the most words behind
    the section, the answer included; `section` is the section's tokens. At most `at_once` answers are admitted
    together, and at most `queue_length` wait: `BusyError` ends the next one. `read` gives the ids that drafts are made
    of. Its ids are chosen by `choose`, or as the sampling says.
    """

    def __init__(
        self,
        begin: Callable[[], Steps[tuple[TailReading, torch.Tensor]]],
        sampling: Sampling,
        *,
        tokens: int = 0,
        section: int = 0,
        at_once: int = 64,
        queue_length: int = 64,
        ledger: Ledger | None = None,
        check: Callable[[], None] = lambda: None,
        admit: Callable[[], bool] = lambda: True,
        release: Callable[[], None] = lambda: None,
        read: Callable[[], Sequence[int]] = tuple,
        choose: Choose | None = None,
    ) -> None:
        super().__init__(
            begin, urgency=Urgency(Priority.QUESTION), ledger=ledger, check=check, admit=admit, release=release
        )
        self.sampling, self.tokens, self.section = sampling, tokens, section
        self.at_once, self.queue_length = at_once, queue_length
        self.choose = choose or chooser(sampling)
        self.reading: TailReading | None = None
        self.ids: list[int] = []
        self._read = read
        self._drafts: Drafts | None = None

    def draft(self, most: int) -> list[int]:
        """What may come next, at most so many ids; all of a quote that is being copied, as long as there is room."""
        room = self.sampling.max_new_tokens - len(self.ids) - 1
        copied = self.choose.draft(self.ids, room) if isinstance(self.choose, Quoting) else []
        most = min(most, room)
        if copied or most <= 0:
            return copied
        if self._drafts is None:
            self._drafts = Drafts(self._read())
        return self._drafts.draft(self.ids, most)
