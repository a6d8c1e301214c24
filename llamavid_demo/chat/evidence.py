"""Evidence: the moments of the film that an answer leaned on, from attention, never from the model's words.

Which frames: the LLaMA's attention while it writes. Where in a frame: the attention of the question on its patches.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.chat.encoded_section import EncodedSection
from llamavid_demo.errors import MovieError
from llamavid_demo.film import Cue
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import find_moments

MOST = 4  # moments shown for an answer
FAINT = 0.15  # of the heaviest moment's weight: what has less is no evidence
FAR = 10.0  # seconds: a cue that is farther away says nothing about a moment


@dataclass(frozen=True)
class Evidence:
    """A moment of the film: its time in seconds, its share of the attention on frames, and the nearest cue."""

    seconds: float
    weight: float
    cue: Cue | None


def find_evidence(mass: torch.Tensor, times: Sequence[float], cues: Sequence[Cue]) -> list[Evidence]:
    """Top moments of attention mass (T, tokens a frame) on the frames at `times`; faint ones are left out."""
    moments = find_moments(mass)[:MOST]
    found = [Evidence(times[moment.peak], moment.weight, _nearest(cues, times[moment.peak])) for moment in moments]
    return [evidence for evidence in found if evidence.weight >= FAINT * found[0].weight]


def heat_map(model: LoadedModel, section: EncodedSection, guide: str, seconds: float) -> torch.Tensor:
    """Where the model looked for a question on the frame that is on screen at `seconds`.

    Shares (rows, columns) of the attention over the frame's patches, on the CPU; they sum to one. Raises
    `MovieError` for a second that is not in the section.
    """
    number, first, end = bisect_right(section.times, seconds) - 1, section.times[0], section.times[-1] + 1
    if not first <= seconds < end:
        raise MovieError(f"Second {seconds:g} is not in the section that was read, from {first:g} to {end:g}.")
    scores = model.scores(_frame(section, number), guide)[0].mean(dim=0)  # (N)
    side = math.isqrt(len(scores))
    return scores.view(side, side).cpu()


def _frame(section: EncodedSection, number: int) -> torch.Tensor:
    """Patches (1, N, C) of one frame."""
    for part in section.parts:
        if number < len(part):
            break
        number -= len(part)
    return part[number : number + 1]


def _nearest(cues: Sequence[Cue], seconds: float) -> Cue | None:
    nearest = min(cues, key=lambda cue: _distance(cue, seconds), default=None)
    return nearest if nearest and _distance(nearest, seconds) <= FAR else None


def _distance(cue: Cue, seconds: float) -> float:
    return max(cue.start - seconds, seconds - cue.end, 0.0)
