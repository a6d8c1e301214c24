"""Drafts of an answer's next tokens, for answers that quote: what stands behind its last tokens in what was read.

Prompt lookup decoding (Saxena 2023; speculative decoding without a second model, Leviathan et al. 2023). A step reads a
whole draft in little more than the time of one token, and the model chooses each token as ever: only the speed changes.
"""

from collections.abc import Sequence

ALIKE = (3, 2)  # last tokens that a draft stands behind, the longest match first


class Drafts:
    """Drafts from the tokens that an answer's question has `read`; negative ones, such as frames, are in no draft."""

    def __init__(self, read: Sequence[int]) -> None:
        self._read = read
        self._behind: dict[tuple[int, ...], int] = {}
        for place, token in enumerate(read):
            if token >= 0:
                for count in ALIKE:
                    self._behind.setdefault(tuple(read[max(0, place - count) : place]), place)

    def draft(self, said: Sequence[int], most: int) -> list[int]:
        """At most so many tokens that may follow those that are `said`."""
        found = (self._behind.get(tuple(said[-count:])) for count in ALIKE if len(said) >= count)
        place = next((place for place in found if place is not None), len(self._read))
        drafted: list[int] = []
        for token in self._read[place : place + most]:
            if token < 0:
                break
            drafted.append(token)
        return drafted
