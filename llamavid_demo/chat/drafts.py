"""Drafts of an answer's next tokens, for answers that repeat what was read: what stands there behind its last tokens.

Prompt lookup decoding (Saxena 2023; speculative decoding without a second model, Leviathan et al. 2023). A step reads a
whole draft in little more than the time of one token, and the model chooses each token as ever. In float32 the answer
is the same; in bfloat16 a near tie may fall the other way, as when an answer is decoded beside others.
"""

from collections.abc import Sequence

ALIKE = 3  # last tokens that a draft stands behind: with two, drafts that fail cost what the others win


class Drafts:
    """Drafts from the tokens that an answer's question has `read`; negative ones, such as frames, are in no draft."""

    def __init__(self, read: Sequence[int]) -> None:
        self._read = read
        self._behind: dict[tuple[int, ...], int] = {}
        for place in range(ALIKE, len(read)):
            if read[place] >= 0:
                self._behind.setdefault(tuple(read[place - ALIKE : place]), place)

    def draft(self, said: Sequence[int], most: int) -> list[int]:
        """At most so many tokens that may follow those that are `said`."""
        drafted, place = list[int](), self._behind.get(tuple(said[-ALIKE:]), len(self._read))
        for token in self._read[place : place + most]:
            if token < 0:
                break
            drafted.append(token)
        return drafted
