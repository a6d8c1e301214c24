"""Vision tower: a picture's pixels become patches. CLIP ViT-L/14 at 336 pixels, one layer before its last."""

import torch
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from llamavid_demo.model.config import VisionConfig


class ClipTower(nn.Module):
    """Hugging Face's CLIP tower; `layer` counts its outputs from the end (-2: all blocks but the last)."""

    def __init__(self, config: VisionConfig, *, layer: int = -2) -> None:
        super().__init__()
        self.clip = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=config.width,
                intermediate_size=config.mlp,
                num_hidden_layers=config.depth,
                num_attention_heads=config.heads,
                image_size=config.image,
                patch_size=config.patch,
                hidden_act="quick_gelu",
                layer_norm_eps=1e-5,
            )
        )
        self.blocks = config.depth + 1 + layer if layer < 0 else layer

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels (B, 3, S, S) → patches (B, N, C), without the CLS row."""
        rows = self.clip.pre_layrnorm(self.clip.embeddings(pixels))  # (B, 1+N, C)
        for block in self.clip.encoder.layers[: self.blocks]:
            rows = block(rows, None)
        return rows[:, 1:]
