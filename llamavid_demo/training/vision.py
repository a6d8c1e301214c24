"""Seeing stage: the vision tower learns dense labels, with throw-away heads on its patches and on their mean."""

import random

import numpy as np
import torch
from torch import nn

from llamavid_demo.model.llama_vid.vision import VisionTower
from llamavid_demo.model.preprocessor import CLIP_MEAN, CLIP_STD
from llamavid_demo.storybook.shots import ShotPool
from llamavid_demo.training.heads import LabelHeads
from llamavid_demo.training.learning import autocast
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.vision_labels import CLASSES, FRAME_KINDS, NOBODY, PATCH_KINDS, PRESENT, vision_labels

BACKGROUND_WEIGHT = 0.3


def pixels(frames: np.ndarray, device: torch.device) -> torch.Tensor:
    """Frames (B, h, w, 3) uint8 → pixels (B, 3, h, w), scaled as the checkpoint's preprocessor does."""
    picture = torch.from_numpy(frames).to(device).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (CLIP_MEAN, CLIP_STD))
    return (picture - mean) / std


class DenseHeads(LabelHeads):
    """One linear head a kind of label."""

    def __init__(self, width: int) -> None:
        super().__init__(width, CLASSES)

    def forward(self, patches: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by kind from patches (B, N, C): (B, classes) of the frame, (B, N, classes) of the patches."""
        mean = patches.mean(dim=1)
        return {kind: head(patches if kind in PATCH_KINDS else mean) for kind, head in self.heads.items()}


class Seeing:
    """A step of the seeing stage on frames of a pool."""

    def __init__(self, tower: VisionTower, heads: DenseHeads, pool: ShotPool, *, batch: int) -> None:
        self.tower, self.heads, self.pool, self.batch = tower, heads, pool, batch
        self.labels = vision_labels(pool, side=round(tower.tower.embeddings.num_patches**0.5))

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch; accuracies are those of frames, and of patches that show somebody."""
        shots = [rng.randrange(self.pool.frames.shape[0]) for _ in range(self.batch)]
        frames = [rng.randrange(self.pool.frames.shape[1]) for _ in range(self.batch)]
        device = self.tower.tower.embeddings.position_embedding.device
        mirrored = rng.random() < 0.5
        picture = _relit(pixels(self.pool.frames[shots, frames], device), rng)
        picture = picture.flip(3) if mirrored else picture
        with autocast(device):
            logits = self.heads(self.tower(picture)[:, 1:])
        loss, right = torch.zeros((), device=device), {}
        for kind in FRAME_KINDS:
            label = self.labels.frame[kind][shots].to(device)
            loss = loss + nn.functional.cross_entropy(logits[kind].float(), label)
            right[kind] = (logits[kind].argmax(-1) == label).float().tolist()
        there = self.labels.present[shots].to(device)
        loss = loss + 4 * nn.functional.binary_cross_entropy_with_logits(logits[PRESENT].float(), there)
        right[PRESENT] = ((logits[PRESENT] > 0) == (there > 0)).all(dim=1).float().tolist()
        for kind in PATCH_KINDS:
            label = self.labels.patch[kind][shots, frames].to(device)
            label = mirror(label) if mirrored else label
            weight = torch.ones(CLASSES[kind], device=device)
            weight[NOBODY] = BACKGROUND_WEIGHT
            loss = loss + 2 * nn.functional.cross_entropy(logits[kind].float().mT, label, weight=weight)
            hits = (logits[kind].argmax(-1) == label)[label != NOBODY]
            right[kind] = [hits.float().mean().item()] * self.batch
        return StepResult(loss, right)


@torch.no_grad()
def encode(tower: VisionTower, frames: np.ndarray, *, batch: int = 128) -> torch.Tensor:
    """Patches (T, N, C) of frames (T, h, w, 3), CLS dropped, float16 on the CPU as they are stored."""
    device = tower.tower.embeddings.position_embedding.device
    parts = []
    for start in range(0, len(frames), batch):
        with autocast(device):
            rows = tower(pixels(frames[start : start + batch], device))[:, 1:]
        parts.append(rows.to("cpu", torch.float16))
    return torch.cat(parts)


def mirror(patches: torch.Tensor) -> torch.Tensor:
    """Labels (B, N) of patches row by row, left and right exchanged."""
    side = round(patches.shape[1] ** 0.5)
    return patches.unflatten(1, (side, side)).flip(2).flatten(1)


def _relit(picture: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """A little more or less contrast and light, one draw a batch."""
    return picture * rng.uniform(0.92, 1.08) + rng.uniform(-0.08, 0.08)
