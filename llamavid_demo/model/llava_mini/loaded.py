"""A LLaVA-Mini that is ready to use: network, tokenizer and how pictures are prepared for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.pictures import normalise, picture_parts, square_frames
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer


@dataclass(frozen=True)
class LoadedLlavaMini:
    """What `load_llava_mini` gives. `weights` names the vision weights' content, `name` all weights' (for caches)."""

    name: str
    weights: str
    network: LlavaMini
    tokenizer: ChatTokenizer
    frame_format: FrameFormat
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def config(self) -> LlavaMiniConfig:
        """Sizes and choices of the network."""
        return self.network.config

    @property
    def device(self) -> torch.device:
        """Where frames are encoded."""
        return self.network.compressor.query.device

    @property
    def dtype(self) -> torch.dtype:
        """Type that the network computes in."""
        return self.network.compressor.query.dtype

    def picture_pixels(self, rgb: np.ndarray, *, crops: int | None = None) -> torch.Tensor:
        """One picture (H, W, 3) uint8 → pixels (1, P, 3, S, S); `crops`, or the config, says into how many parts."""
        crops = self.config.resolution_ratio if crops is None else crops
        parts = picture_parts(rgb, self.frame_format, crops=crops)
        return normalise(parts, self.mean, self.std).to(self.device, self.dtype)[None]

    def frame_pixels(self, frames: np.ndarray, *, crops: int | None = None) -> torch.Tensor:
        """Frames of a video (T, H, W, 3) uint8 → pixels (T, P, 3, S, S): bent to squares first, unlike a picture."""
        squares = square_frames(frames, self.config.clip.image)
        return torch.cat([self.picture_pixels(square, crops=crops) for square in squares])

    @torch.inference_mode()
    def patches(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (T, P, 3, S, S) → patches (T, P, N, d), float16 on the CPU, as they are stored."""
        return self.network.patches(pixels).to("cpu", torch.float16)

    @torch.inference_mode()
    def embed(self, ids: Sequence[int], films: Sequence[torch.Tensor] = ()) -> torch.Tensor:
        """Embeddings (1, L', H) of a prompt with an image mark for each film, as patches (T, P, N, d)."""
        return self.network.read(torch.tensor(ids, device=self.device), films)[None]
