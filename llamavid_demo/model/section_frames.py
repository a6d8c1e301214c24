"""What a system gives of a section's frames: tokens for one guide question, second looks, and words that read them."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence

import torch

from llamavid_demo.model.prompt import Exchange, Word


class WordsState:
    """What a model keeps of a conversation's words besides the tail of its KV cache."""


class SectionFrames(ABC):
    """The frames of a section as a model reads them for one guide question.

    `lasting`: questions still need them when the section is in the prefix, so conversations share them and what is
    kept of them for questions to come, `nbytes`.
    """

    @property
    def lasting(self) -> bool:
        """See above."""
        return False

    @property
    def nbytes(self) -> int:
        """Bytes kept in memory."""
        return 0

    @abstractmethod
    def rows(self) -> Generator[int, None, torch.Tensor]:
        """Make what the prompt's ids alone don't tell, (R, H): frame tokens above all. Yields frames done so far."""

    @abstractmethod
    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of the section prompt's `ids`, its rows in their places."""

    def look_again(
        self, words: Sequence[Word], turns: Sequence[Exchange], *, frames: int, visible: int, times: Sequence[float]
    ) -> tuple[list[Word], torch.Tensor | None]:
        """Words with each turn's second look before it, and which of the section's tokens they then don't see (P,).

        Each question of the `turns` looks at `frames` frames at most, among the first `visible` tokens P. Models whose
        words read the frames anyway need no look, and see all (None). `times` are the frames', in seconds.
        """
        del turns, frames, visible, times
        return list(words), None

    def overview(self, *, frames: int, times: Sequence[float]) -> list[Word]:
        """Words that second looks at `frames` frames put before every conversation about the whole section, if any."""
        del frames, times
        return []

    @abstractmethod
    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, state: WordsState | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W - known, H) of a conversation's words behind the section, from number `known` on.

        `state` is what the same conversation kept before, for words that begin alike; it is brought up to these.
        Yields frames done so far where words read frames.
        """
