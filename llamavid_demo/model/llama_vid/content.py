"""Content tokens: a frame's patches, pooled and projected (LLaMA-VID, section 3.2)."""

import torch
from torch import nn

from llamavid_demo.model.projector import build_projector


def pool_patches(patches: torch.Tensor, compress: str | None) -> torch.Tensor:
    """Pool patches (B, N, C) to (B, n, C): one for `mean`, a g×g grid for `grid:g`, all of them for None."""
    if compress is None:
        return patches
    if compress == "mean":
        return patches.mean(dim=1, keepdim=True)
    side = round(patches.shape[1] ** 0.5)
    stride = side // int(compress.removeprefix("grid:"))
    image = patches.mT.unflatten(-1, (side, side))  # (B, C, side, side)
    return nn.functional.avg_pool2d(image, stride, stride).flatten(2).mT


class Content(nn.Module):
    """Pooling and projector together: patches (B, N, C) → content tokens (B, n, H)."""

    def __init__(self, kind: str, visual_width: int, llama_width: int, *, compress: str | None) -> None:
        super().__init__()
        self.compress = compress
        self.projector = build_projector(kind, visual_width, llama_width)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Content tokens (B, n, H) of patches (B, N, C)."""
        return self.projector(pool_patches(patches, self.compress))
