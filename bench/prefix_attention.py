"""What attention over the film takes of a question's reading: the one part that grows with the film."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from llamavid_demo.model.attention import TailReading


@contextmanager
def seconds_over_prefix() -> Iterator[list[float]]:
    """Seconds that the reading of words spends on the prefix meanwhile, an item for each layer and chunk.

    Each layer's attention is computed twice in a row: over prefix and tail together, as always, and over the tail
    alone, which changes nothing. The difference of their times counts. As the second one takes time too, the first
    token's is to be taken in another run.
    """
    attend, spent = TailReading.attend, list[float]()
    alone: list[tuple[TailReading, TailReading]] = []  # a reading, and the same without its prefix

    def timed(
        self: TailReading, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float
    ) -> torch.Tensor:
        if not alone or alone[-1][0] is not self:
            alone.append((self, replace(self, visible=0, watch=None, stale=None, _masks=None)))
        began = time.perf_counter()
        out = attend(self, layer, query, key, value, scaling)
        half = time.perf_counter()
        attend(alone[-1][1], layer, query, key, value, scaling)
        spent.append(2 * half - began - time.perf_counter())
        return out

    TailReading.attend = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        TailReading.attend = attend  # type: ignore[method-assign]
