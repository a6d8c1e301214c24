"""Evidence: the moments of the film that an answer leaned on, from attention, never from the model's words."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.film import Cue

MOST = 4  # moments shown for an answer
FAINT = 0.3  # of the heaviest moment's weight: what has less is no evidence


@dataclass(frozen=True)
class Evidence:
    """A moment of the film: its time in seconds, its share of the attention on frames, and the nearest cue."""

    seconds: float
    weight: float
    cue: Cue | None


def find_evidence(mass: torch.Tensor, times: Sequence[float], cues: Sequence[Cue]) -> list[Evidence]:
    """Top moments of attention mass (T, tokens a frame) on frames; adjacent frames above the mean are one moment.

    Faint ones are left out.
    """
    frames = mass.sum(dim=1)
    total = float(frames.sum())
    if total <= 0:
        return []
    share = (frames / total).tolist()
    level = 1 / len(share)
    moments: list[list[int]] = []
    for i, weight in enumerate(share):
        if weight >= level:
            if moments and moments[-1][-1] == i - 1:
                moments[-1].append(i)
            else:
                moments.append([i])
    ranked = sorted((_evidence(moment, share, times, cues) for moment in moments), key=lambda found: -found.weight)
    return [found for found in ranked[:MOST] if found.weight >= FAINT * ranked[0].weight]


def _evidence(moment: list[int], share: list[float], times: Sequence[float], cues: Sequence[Cue]) -> Evidence:
    peak = max(moment, key=lambda i: share[i])
    nearest = min(cues, key=lambda cue: _distance(cue, times[peak]), default=None)
    if nearest is not None and _distance(nearest, times[peak]) > 10:
        nearest = None
    return Evidence(times[peak], sum(share[i] for i in moment), nearest)


def _distance(cue: Cue, seconds: float) -> float:
    return max(cue.start - seconds, seconds - cue.end, 0.0)
