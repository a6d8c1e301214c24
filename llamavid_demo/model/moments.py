"""Moments of a film that attention lay on: runs of frames that got more than their share."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.prompt import FRAME, Word


@dataclass(frozen=True)
class Moment:
    """A run of frames: the number of the one that got most, and the run's share of the attention on all frames."""

    peak: int
    weight: float


def frame_mass(mass: torch.Tensor, ids: tuple[int, ...], tokens_per_frame: int) -> torch.Tensor:
    """Mass (T, tokens a frame) on the frames of a section prompt `ids`, of which each position has `mass` (L,)."""
    return mass[torch.tensor(ids) == FRAME].view(-1, tokens_per_frame)


def watched_mass(
    watch: AttentionWatch,
    ids: tuple[int, ...],
    tokens_per_frame: int,
    words: Sequence[Word],
    *,
    spoken: bool = False,
    seen: bool = True,
) -> torch.Tensor:
    """Mass (T, tokens a frame) that a watch saw on the frames of a section prompt `ids`.

    What a second look among the `words` behind it got counts for its frame's context token, and if `spoken`, what the
    text behind a frame got for the last of its tokens; unless frames were `seen`, that is all that counts.
    """
    frames = frame_mass(watch.mass, ids, tokens_per_frame) * seen
    if spoken:
        marks = torch.tensor(ids) == FRAME
        text = ~marks & (marks.cumsum(0) > 0)
        behind = ((marks.cumsum(0) - 1) // tokens_per_frame)[text]
        frames[:, -1].index_add_(0, behind, watch.mass[text])
    for word, weight in zip(words, watch.words_mass.tolist(), strict=False):
        if word.look:
            frames[word.look.frame, 0] += weight
    return frames


def find_moments(mass: torch.Tensor) -> list[Moment]:
    """All moments of attention mass (T, tokens a frame) on frames, the heaviest first.

    Adjacent frames that get at least the mean are one moment. Without any attention there is none.
    """
    frames = mass.sum(dim=1)
    total = float(frames.sum())
    if total <= 0:
        return []
    share = (frames / total).tolist()
    runs: list[list[int]] = []
    for i, weight in enumerate(share):
        if weight >= 1 / len(share):
            if runs and runs[-1][-1] == i - 1:
                runs[-1].append(i)
            else:
                runs.append([i])
    moments = [Moment(max(run, key=share.__getitem__), sum(share[i] for i in run)) for run in runs]
    return sorted(moments, key=lambda moment: -moment.weight)
