"""Drafts of an answer's next tokens, for answers that quote: what stands behind its last two tokens in what was read.

Prompt lookup decoding (Saxena 2023; speculative decoding without a second model, Leviathan et al. 2023). A step reads a
whole draft in little more than the time of one token, and the model chooses each token as ever: only the speed changes.
"""

from collections.abc import Sequence
from itertools import pairwise


class Drafts:
    """Drafts from the tokens that an answer's question has `read`; negative ones, such as frames, are in no draft.

    While the last draft came true the next one goes on behind it.
    """

    def __init__(self, read: Sequence[int]) -> None:
        self._read, self._next = read, len(read)
        self._behind: dict[tuple[int, int], int] = {}
        for place, pair in enumerate(pairwise(read), start=2):
            self._behind.setdefault(pair, place)

    def draft(self, said: Sequence[int], most: int) -> list[int]:
        """At most so many tokens that may follow those that are `said`."""
        if len(said) < 2 or most <= 0:
            return []
        if self._next >= len(self._read):
            self._next = self._behind.get((said[-2], said[-1]), len(self._read))
        drafted: list[int] = []
        for token in self._read[self._next : self._next + most]:
            if token < 0:
                break
            drafted.append(token)
        return drafted

    def came_true(self, tokens: int, chosen: int) -> None:
        """So many of the draft's tokens were the model's choice, too, and after them it chose this one."""
        follows = self._next + tokens
        goes_on = follows < len(self._read) and self._read[follows] == chosen
        self._next = follows + 1 if goes_on else len(self._read)
