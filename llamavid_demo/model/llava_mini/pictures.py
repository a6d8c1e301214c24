"""Pictures and frames as LLaVA-Mini wants them: which frames of a video, cut into which parts, scaled how."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from llamavid_demo.film.frame_format import FrameFormat, resize_frame


def sample_frames(total: int, fps: float) -> list[int]:
    """Numbers of the frames that are read of a video of `total` frames, `fps` a second: one a second, at least one.

    Raises `ValueError` when it has none.
    """
    if total < 1:
        raise ValueError("A video without frames cannot be read.")
    return middle_frames(total, min(total, max(1, int(total // fps))))


def middle_frames(total: int, count: int) -> list[int]:
    """The middle frame of each of `count` equal parts of a video of `total` frames, rounded as the original does."""
    edges = [round((total - 1) / count * i) for i in range(count + 1)]
    return [(begin + end) // 2 for begin, end in pairwise(edges)]


def square_frames(frames: np.ndarray, side: int) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 bent to squares (T, side, side, 3) by nearest neighbour, as the original does."""
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2)
    return nn.functional.interpolate(pixels, (side, side), mode="nearest").permute(0, 2, 3, 1).numpy()


def picture_parts(rgb: np.ndarray, frame_format: FrameFormat, *, crops: int = 1) -> np.ndarray:
    """One picture (H, W, 3) uint8 → its parts (P, h, w, 3), each with its middle cut out as CLIP does.

    With `crops` n > 1 the parts are n×n tiles, row by row, and the whole picture last; rows and columns of pixels
    that are left over by the division are in no tile.
    """
    parts = [rgb]
    if crops > 1:
        height, width = rgb.shape[0] // crops, rgb.shape[1] // crops
        if not height or not width:
            raise ValueError(f"A picture of {rgb.shape[1]}×{rgb.shape[0]} pixels cannot be cut into {crops}×{crops}.")
        corners = [(row * height, column * width) for row in range(crops) for column in range(crops)]
        parts = [*(rgb[top : top + height, left : left + width] for top, left in corners), rgb]
    return np.stack([resize_frame(part, frame_format) for part in parts])
