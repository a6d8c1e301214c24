"""The second pair of eyes: what an ImageNet network names in frames that are not of the drawn world.

What it sees of a frame is stored with the frame's patches, as more rows: class probabilities. From the first tower's
patches a gate says which frames are drawn; those the network never looks at.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from llamavid_demo.model.real_world.named_tokens import NamedTokens
from llamavid_demo.model.real_world.network import MEAN, SIDE, STD

CLASSES = 1000
STILL = 12.0  # mean difference, of 255, up to which a frame shows what the one before shows
_THUMBNAIL = 16  # pixels
_AT_ONCE = 8  # frames: more take memory and no less time


def rows_for(width: int) -> int:
    """Rows of a width that class probabilities fill."""
    return -(-CLASSES // width)


@dataclass(frozen=True)
class RealWorldEyes:
    """EfficientNet, None where it is not installed: then frames show nothing; and the tokens made of what it names.

    Its rows are as wide as the first tower's patches, `width`.
    """

    width: int
    network: nn.Module | None
    named: NamedTokens

    @torch.inference_mode()
    def rows(self, frames: np.ndarray, drawn: torch.Tensor) -> torch.Tensor:
        """Class probabilities (B, R, C) of frames (B, h, w, 3) uint8; zeros for those that are `drawn` (B,).

        A frame that shows the same as the one before shares its probabilities.
        """
        seen = torch.zeros(len(frames), rows_for(self.width) * self.width)
        if self.network is None or bool(drawn.all()):
            return seen.unflatten(1, (-1, self.width))
        pictures = torch.from_numpy(frames).movedim(-1, 1).float()  # (B, 3, h, w)
        same_as = _same_as(pictures, drawn)
        looked_at = sorted({number for number in same_as if number is not None})
        pictures = nn.functional.interpolate(pictures[looked_at] / 255, (SIDE, SIDE), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        device = next(self.network.parameters()).device
        batches = ((pictures - mean) / std).split(_AT_ONCE)
        found = torch.cat([self.network(batch.to(device)).softmax(dim=-1).float().cpu() for batch in batches])
        row = {number: i for i, number in enumerate(looked_at)}
        for frame, number in enumerate(same_as):
            if number is not None:
                seen[frame, :CLASSES] = found[row[number]]
        return seen.unflatten(1, (-1, self.width))

    def contents(self, rows: torch.Tensor) -> torch.Tensor:
        """Content tokens (T, 1, H) of stored rows (T, R, C)."""
        return self.named.contents(rows.flatten(1)[:, :CLASSES])[:, None]

    def in_words(self, rows: torch.Tensor) -> list[tuple[str, frozenset[str]]]:
        """What stored rows (T, R, C) show, in words, and the stems of what it may be called."""
        return self.named.in_words(rows.flatten(1)[:, :CLASSES])

    def contexts(self, rows: torch.Tensor, question: str) -> torch.Tensor:
        """Context tokens (T, 1, H) of stored rows (T, R, C) for a question."""
        return self.named.contexts(rows.flatten(1)[:, :CLASSES], question)[:, None]


def _same_as(pictures: torch.Tensor, drawn: torch.Tensor) -> list[int | None]:
    """For each frame the number of the one to look at: itself, or an earlier one that shows the same; None: drawn."""
    small = nn.functional.adaptive_avg_pool2d(pictures, _THUMBNAIL)
    numbers: list[int | None] = []
    last: int | None = None
    for frame in range(len(pictures)):
        if drawn[frame]:
            numbers.append(None)
            continue
        if last is None or float((small[frame] - small[last]).abs().mean()) > STILL:
            last = frame
        numbers.append(last)
    return numbers
