"""What a conversation keeps in memory between its turns; only its model's scheduler touches it."""

from itertools import count
from weakref import finalize, ref

from llamavid_demo.chat.ledger import Ledger
from llamavid_demo.chat.prefixes import Overview
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import Word, common_prefix
from llamavid_demo.model.tail import Tail
from llamavid_demo.options import Reads

_numbers = count()


class ConversationCache:
    """Keys and values of a conversation's words, behind a section that was read for a guide question.

    `seen` says which: the guide, how many of the section's tokens, and what of it is read. Its bytes have an account in
    the ledger.
    """

    def __init__(self, model: LoadedModel, ledger: Ledger) -> None:
        self.tail = Tail(model.config.llama.num_hidden_layers)
        self.words: list[Word] = []  # what the tail holds
        self.seen: tuple[str, int, Reads] | None = None
        self.state = model.new_words()
        self.account = "conversation", next(_numbers)
        self._model, self._ledger = model, ledger
        finalize(self, ledger.close, self.account)

    def behind(self, guide: str, visible: int, reads: Reads) -> None:
        """Begin anew unless the words stand behind the first `visible` tokens of the section for this guide."""
        if self.seen != (guide, visible, reads):
            self.forget()
            self.seen = guide, visible, reads

    def begin(self, overview: Overview, words: list[Word]) -> None:
        """Begin words where all conversations do, if nothing is here yet."""
        if not self.words and common_prefix(overview.words, words):
            for layer in range(self._model.config.llama.num_hidden_layers):
                self.tail.write(layer, *overview.tail.read(layer))
            self.tail.advance(overview.tail.length)
            self.words = overview.words

    def keep(self, words: list[Word]) -> int:
        """Keep what the tail holds of these words, all but the last, which gives the logits: how many."""
        kept = min(common_prefix(self.words, words), len(words) - 1, self.tail.length)
        self.words = self.words[:kept]
        self.tail.cut(kept)
        return kept

    def forget(self) -> None:
        """Give all memory back; the next turn reads the words again."""
        self.tail.clear()
        self.words, self.seen, self.state = [], None, self._model.new_words()

    def use(self) -> None:
        """Take it from its rest."""
        self._ledger.use(self.account)

    def rest(self, words: list[Word]) -> None:
        """Nobody uses it until the next turn; it leaves when others need room. Its tail holds the first of `words`.

        Of what was admitted for the turn only what the tail holds stays counted.
        """
        self.words = words[: self.tail.length]
        mine = ref(self)

        def leave() -> None:
            if conversation := mine():
                conversation.forget()

        self._ledger.rest(self.account, leave, nbytes=self.tail.nbytes_by_device)
