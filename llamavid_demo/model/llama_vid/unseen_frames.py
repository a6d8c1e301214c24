"""Frames that are not to be seen: a question is answered from what is said alone."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import Word
from llamavid_demo.model.section_frames import SectionFrames, WordsState


@dataclass
class UnseenFrames(SectionFrames):
    """Frames that are hidden: their tokens, `marks` in all, are zeros, as in the evaluation without visual tokens."""

    model: LoadedModel
    marks: int

    def rows(self) -> Generator[int, None, torch.Tensor]:
        """Zeros (R, H)."""
        yield from ()
        return torch.zeros(self.marks, self.model.config.llama.hidden_size, dtype=self.model.dtype)

    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (1, L, H) of the section prompt."""
        return self.model.embed(ids, rows)

    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, state: WordsState | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W - known, H) of words, which look at nothing."""
        del state
        yield from ()
        return self.model.embed([word.id for word in words[known:]])
