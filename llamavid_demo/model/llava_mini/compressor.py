"""Compressor: few learned queries pick from a picture's patches what becomes its tokens (LLaVA-Mini, section 4.1)."""

import torch
from torch import nn

from llamavid_demo.model.llava_mini.config import COMPRESSOR_HEADS


class Compressor(nn.Module):
    """Cross-attention of `size`² queries, on a grid of their own, over patches.

    Queries and keys know where they stand, values don't; nothing is added to or normalised after the attention.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(size**2, width))
        self.pos_embed = nn.Parameter(torch.zeros(size**2, width))  # of the queries' grid; trained, no sine table
        self.attn = nn.MultiheadAttention(width, COMPRESSOR_HEADS, batch_first=True)
        self.ln_q = nn.LayerNorm(width)
        self.ln_kv = nn.LayerNorm(width)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Compressed tokens (T, C, d) of patches (T, N, d) on a square grid, row by row."""
        return self.attn(*self._queries_keys_values(patches), need_weights=False)[0]

    def scores(self, patches: torch.Tensor) -> torch.Tensor:
        """Attention (T, C, N) of the queries over patches (T, N, d), the mean of the heads; rows sum to one."""
        return self.attn(*self._queries_keys_values(patches), need_weights=True)[1]

    def positions(self, count: int) -> torch.Tensor:
        """Position embeddings (N, d) of a square grid of `count` patches: the queries' own, resized."""
        size, side = round(len(self.pos_embed) ** 0.5), round(count**0.5)
        if size == side:
            return self.pos_embed
        grid = self.pos_embed.float().mT.reshape(1, -1, size, size)
        resized = nn.functional.interpolate(grid, (side, side), mode="bicubic", align_corners=False)
        return resized[0].flatten(1).mT.to(self.pos_embed.dtype)

    def _queries_keys_values(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        values = self.ln_kv(patches)
        queries = self.ln_q(self.query) + self.pos_embed
        return queries.expand(len(patches), -1, -1), values + self.positions(patches.shape[1]), values
