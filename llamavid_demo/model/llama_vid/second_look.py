"""Second look: which frames a question looks at again, when the film was read before anybody had asked it.

Not in the paper, whose context tokens belong to the first question. Like CacheBlend (Yao et al. 2024), only a small
share of the tokens is read again; like ProphetKV, the question chooses them. A frame's content token lies near the
LLaMA's own embeddings of what it shows, so words find their frames without running the text decoder on all of them.
"""

import re
from collections.abc import Sequence

import torch
from torch import nn

from llamavid_demo.model.prompt import Word

# A time as the clock in the prompt writes it, not one of the day.
_TIME = re.compile(r"(?<![\d:.#])(?:(\d):)?([0-5]?\d):([0-5]\d)(?![\d:]|\s?[ap]\.?m\b)", re.IGNORECASE)
SAME_SHOT = 0.9  # cosine of neighbouring frames' content tokens, from which on they show the same
FURTHER = 0.1  # what each further frame of a shot stands behind the one before, in cosines


def find_frames(contents: torch.Tensor, words: torch.Tensor, *, most: int, one_a_shot: bool = False) -> list[int]:
    """Numbers, ascending, of the `most` frames whose content tokens (T, H) a question's word embeddings (W, H) name.

    A word counts by how much nearer a frame is to it than the film's frames are on the whole, so that "the" finds
    nothing. Shots take turns: what the fifth frame of one has to tell, the first four have told; or `one_a_shot`.
    """
    frames = len(contents)
    if frames <= most and not one_a_shot:
        return list(range(frames))
    seen = nn.functional.normalize(contents.float(), dim=-1)
    named = seen @ nn.functional.normalize(words.float(), dim=-1).T  # (T, W)
    score = (named - named.mean(dim=0)).amax(dim=1)  # (T,)
    score, changes = score.cpu(), (seen[1:] * seen[:-1]).sum(dim=-1) < SAME_SHOT
    shots = nn.functional.pad(changes.cpu().cumsum(0), (1, 0))  # (T,)
    best = torch.full((int(shots[-1]) + 1,), -torch.inf).scatter_reduce(0, shots, score, "amax")
    by_score = score.argsort(descending=True, stable=True)
    by_shot = by_score[shots[by_score].argsort(stable=True)]  # shot after shot, in each the best frame first
    rank = torch.arange(frames) - torch.searchsorted(shots, shots)
    order = (best[shots] - FURTHER * rank).argsort(descending=True, stable=True)
    order = order[rank[order] == 0] if one_a_shot else order
    chosen: list[int] = by_shot[order[:most]].sort().values.tolist()
    return chosen


def shots_of(contents: torch.Tensor) -> list[int]:
    """Number of the first frame of each shot, by content tokens (T, H); frames that show nothing known have none."""
    seen = nn.functional.normalize(contents.float(), dim=-1)
    known = contents.float().norm(dim=-1) > 0
    same = nn.functional.pad((seen[1:] * seen[:-1]).sum(dim=-1) >= SAME_SHOT, (1, 0))
    return (known & ~same).nonzero()[:, 0].tolist()


def frames_at(question: str, times: Sequence[float]) -> list[int]:
    """Numbers, ascending, of the frames at the times that a question names, such as "at 1:12"; `times` in seconds."""
    named = {
        3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) for hours, minutes, seconds in _TIME.findall(question)
    }
    return [number for number, time in enumerate(times) if int(time) in named] if named else []


def before_turns(words: Sequence[Word], looks: Sequence[Sequence[Word]], *, eos: int) -> list[Word]:
    """Words of a conversation with each turn's second look before it; a turn ends with `eos`."""
    begins = [0, *(i + 1 for i, word in enumerate(words) if word.id == eos)]
    ends = [*begins[1 : len(looks)], len(words)]
    return [word for look, a, b in zip(looks, begins, ends, strict=False) for word in (*look, *words[a:b])]
