"""Second look: which frames a question looks at again, when the film was read before anybody had asked it.

Not in the paper, whose context tokens belong to the first question. Like CacheBlend (Yao et al. 2024), only a small
share of the tokens is read again; like ProphetKV, the question chooses them. A frame's content token lies near the
LLaMA's own embeddings of what it shows, so words find their frames without running the text decoder on all of them.
"""

import torch
from torch import nn

SAME_SHOT = 0.9  # cosine of neighbouring frames' content tokens, from which on they show the same
FURTHER = 0.1  # what each further frame of a shot stands behind the one before, in cosines


def find_frames(contents: torch.Tensor, words: torch.Tensor, *, most: int) -> list[int]:
    """Numbers, ascending, of the `most` frames whose content tokens (T, H) a question's word embeddings (W, H) name.

    A word counts by how much nearer a frame is to it than the film's frames are on the whole, so that "the" finds
    nothing. Shots take turns: what the fifth frame of one has to tell, the first four have told.
    """
    frames = len(contents)
    if frames <= most:
        return list(range(frames))
    seen = nn.functional.normalize(contents.float(), dim=-1)
    named = seen @ nn.functional.normalize(words.float(), dim=-1).T  # (T, W)
    score = (named - named.mean(dim=0)).amax(dim=1)  # (T,)
    shots = torch.cat([torch.zeros(1), ((seen[1:] * seen[:-1]).sum(dim=-1) < SAME_SHOT).cpu().cumsum(0)]).long()
    best = torch.full((int(shots[-1]) + 1,), -torch.inf).scatter_reduce(0, shots, score.cpu(), "amax")
    by_shot = torch.argsort(shots * 4 - score.cpu().clamp(-1, 1), stable=True)  # each shot's frames, the best first
    begins = torch.searchsorted(shots, torch.arange(len(best)))
    rank = torch.arange(frames) - begins[shots[by_shot]]
    order = torch.argsort(best[shots[by_shot]] - FURTHER * rank, descending=True, stable=True)
    chosen: list[int] = by_shot[order[:most]].sort().values.tolist()
    return chosen
