"""Guide questions as the text decoder reads them, many at a time."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer


class GuideIds:
    """The guide tokenizer with a memory: questions come back often, as phrasings are few."""

    def __init__(self, vocabulary: Path) -> None:
        self._tokenizer = GuideTokenizer(vocabulary)
        self._ids = lru_cache(maxsize=50_000)(self._encode)

    def __call__(self, questions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask (B, L), padded on the right to the longest."""
        rows = [self._ids(question) for question in questions]
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        return ids, mask

    def _encode(self, question: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(question)[0][0].tolist())
