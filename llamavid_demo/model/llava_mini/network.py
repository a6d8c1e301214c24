"""LLaVA-Mini: the parts put together (Zhang et al. 2025, "LLaVA-Mini: Efficient Image and Video Large Multimodal
Models with One Vision Token").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers import LlamaForCausalLM

from llamavid_demo.model.llava_mini.clip import ClipTower
from llamavid_demo.model.llava_mini.compressor import Compressor
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.prefusion import Keys, PreFusion
from llamavid_demo.model.llava_mini.sequence import fused_slots, splice
from llamavid_demo.model.projector import build_projector

FRAMES_AT_ONCE = 16


@dataclass(frozen=True)
class SeenFrames:
    """Frames that pre-fusion has read: compressed tokens (T, C, H), and keys and values of what is visual of each."""

    compressed: torch.Tensor
    keys: Keys


@dataclass(frozen=True)
class FusedText:
    """Text (k, H) that read frames, the mean over all of them, and the frames' compressed tokens (T, C, H)."""

    text: torch.Tensor
    compressed: torch.Tensor


class LlavaMini(nn.Module):
    """Vision tower, compressor, projector, pre-fusion and LLaMA."""

    def __init__(self, config: LlavaMiniConfig) -> None:
        super().__init__()
        width, hidden = config.clip.width, config.llama.hidden_size
        self.config = config
        self.vision = ClipTower(config.clip, layer=config.vision_layer)
        self.compressor = Compressor(width, config.compressor_size)
        self.projector = build_projector(config.projector, width, hidden)
        self.prefusion = PreFusion(config.llama, config.prefusion_layers)
        self.llama = LlamaForCausalLM(config.llama)

    def parts(self) -> dict[str, nn.Module]:
        """The network's parts by name."""
        eyes = nn.ModuleList([self.compressor, self.projector])
        return {
            "LLaMA": self.llama,
            "vision tower": self.vision,
            "compressor and projector": eyes,
            "pre-fusion": self.prefusion,
        }

    def patches(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised pixels (T, P, 3, S, S) of frames in parts → patches (T, P, N, d)."""
        return self.vision(pixels.flatten(0, 1)).unflatten(0, pixels.shape[:2])

    def visual_rows(self, patches: torch.Tensor) -> torch.Tensor:
        """Patches (T, P, N, d) → what pre-fusion reads of a frame, (T, V, H).

        One part, the whole picture: N patches and C compressed tokens. With n×n crops before it, n²·N patches of the
        crops, put together to one picture, go first, and the compressed tokens are made of them.
        """
        whole = patches[:, -1]
        crops = grid_of_crops(patches[:, :-1]) if patches.shape[1] > 1 else None
        compressed = self.compressor(whole if crops is None else crops)
        parts = [whole, compressed] if crops is None else [crops, whole, compressed]
        return self.projector(torch.cat(parts, dim=1))

    def see(self, patches: torch.Tensor) -> SeenFrames:
        """Read what is visual of frames, as patches (T, P, N, d). It never depends on text."""
        rows = self.visual_rows(patches)
        compressed, keys = self.prefusion(rows, wanted=self.config.tokens_per_frame)
        return SeenFrames(compressed, keys)

    def see_batches(
        self, films: Iterable[torch.Tensor], *, frames_at_once: int = FRAMES_AT_ONCE
    ) -> Iterator[SeenFrames]:
        """Read films, each as patches (T, P, N, d) on any device and of any type, so many frames at once."""
        like = self.prefusion.layers[0].get_parameter("input_layernorm.weight")
        for film in films:
            for patches in film.split(frames_at_once):
                yield self.see(patches.to(like))

    def fuse(self, text: torch.Tensor, seen: Iterable[SeenFrames]) -> FusedText:
        """Let text embeddings (k, H) read each frame, and take the mean over frames, in float32.

        No frames are held longer than their batch takes.
        """
        total, compressed = torch.zeros_like(text, dtype=torch.float32), []
        for frames in seen:
            rows, _ = self.prefusion(text.expand(len(frames.compressed), -1, -1), frames.keys)
            total = total + rows.float().sum(dim=0)
            compressed.append(frames.compressed)
        every = torch.cat(compressed)
        return FusedText((total / len(every)).to(text), every)

    def read(
        self,
        ids: torch.Tensor,
        films: Sequence[torch.Tensor],
        *,
        raw: torch.Tensor | None = None,
        frames_at_once: int = FRAMES_AT_ONCE,
    ) -> torch.Tensor:
        """Embeddings (L', H) of a prompt `ids` (L,) with an image mark for each film, as patches (T, P, N, d).

        A picture is a film of one frame. Text is fused with the frames of all films; `raw` (L,) marks what is not,
        answers, besides marks and token 0. Without films the embeddings are the text's own.
        Raises `ValueError` when there are more or fewer marks than films.
        """
        text = self.llama.get_input_embeddings()(ids.clamp(min=0))  # (L, H)
        if films:
            slots = fused_slots(ids, raw)
            fused = self.fuse(text[slots], self.see_batches(films, frames_at_once=frames_at_once))
            text = text.masked_scatter(slots[:, None], fused.text)
            visual = [tokens.flatten(0, 1) for tokens in fused.compressed.split([len(film) for film in films])]
        return splice(ids, text, visual if films else [])


def grid_of_crops(crops: torch.Tensor) -> torch.Tensor:
    """Patches of n×n crops (T, n², N, d), row by row → patches (T, n²·N, d) of the picture they were cut from."""
    count, side = round(crops.shape[1] ** 0.5), round(crops.shape[2] ** 0.5)
    rows = crops.unflatten(2, (side, side)).unflatten(1, (count, count))  # (T, n, n, side, side, d)
    return rows.transpose(2, 3).flatten(1, 4)
