"""How frames are prepared for a vision tower: the checkpoint's `preprocessor_config.json`."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.files import read_json

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def read_preprocessor(folder: Path, image: int) -> tuple[FrameFormat, tuple[float, ...], tuple[float, ...]]:
    """How frames are resized and scaled: `preprocessor_config.json`, or CLIP's way for `image` pixels."""
    path = folder / "preprocessor_config.json"
    stated = read_json(path) if path.is_file() else {}
    fit: Literal["crop", "stretch"] = "crop" if stated.get("do_center_crop", True) else "stretch"
    mean, std = stated.get("image_mean", CLIP_MEAN), stated.get("image_std", CLIP_STD)
    return FrameFormat(image, image, fit), tuple(mean), tuple(std)


def normalised(
    pictures: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device
) -> torch.Tensor:
    """Pictures (…, h, w, 3) uint8 → pixels (…, 3, h, w) float32, each channel scaled as in training."""
    pixels = torch.from_numpy(pictures).to(device).movedim(-1, -3).float() / 255
    middle, spread = (torch.tensor(values, device=device).view(3, 1, 1) for values in (mean, std))
    return (pixels - middle) / spread


def resized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Pixels (B, 3, h, w) as (B, 3, side, side)."""
    if pixels.shape[-1] == side:
        return pixels
    return nn.functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
