"""Vision tower: a frame's pixels become patches. EVA ViT-g without its last block and without a final norm."""

import torch
from torch import nn
from transformers import InstructBlipVisionConfig, InstructBlipVisionModel

from llamavid_demo.model.config import VisionConfig


class VisionTower(nn.Module):
    """Hugging Face's InstructBLIP tower, whose blocks are EVA ViT-g's."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.tower = InstructBlipVisionModel(
            InstructBlipVisionConfig(
                hidden_size=config.width,
                intermediate_size=config.mlp,
                num_hidden_layers=config.depth,
                num_attention_heads=config.heads,
                image_size=config.image,
                patch_size=config.patch,
                hidden_act="gelu",
                layer_norm_eps=1e-6,
            )
        )
        self.tower.register_module("post_layernorm", nn.Identity())  # LLaMA-VID reads the last block's output as it is

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels (B, 3, S, S) → rows (B, 1+N, C), CLS first."""
        return self.tower(pixel_values=pixels).last_hidden_state


def stretch_positions(positions: torch.Tensor, patches: int) -> torch.Tensor:
    """Position embeddings (1, 1+n, C) as those (1, 1+N, C) of a square of N `patches`, by bicubic interpolation.

    The first, of the CLS row, stays, and so do all where N is n already.
    """
    first, grid = positions[:, :1], positions[:, 1:]
    if grid.shape[1] == patches:
        return positions
    had, wanted = round(grid.shape[1] ** 0.5), round(patches**0.5)
    picture = grid.float().mT.unflatten(-1, (had, had))  # (1, C, side, side)
    larger = nn.functional.interpolate(picture, (wanted, wanted), mode="bicubic", align_corners=False)
    return torch.cat([first.float(), larger.flatten(2).mT], dim=1)
