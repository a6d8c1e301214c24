"""Distilling: a CLIP tower learns to see what LLaMA-VID's tower sees, patch by patch.

It begins with that tower's blocks. What differs (a norm before the blocks, no bias of the patches, another GELU) is
mended on pictures whose patches are known.
"""

import random
from typing import Any

import torch

from llamavid_demo.model.llama_vid.vision import VisionTower
from llamavid_demo.model.llava_mini.clip import ClipTower
from llamavid_demo.storybook.shots import ShotPool
from llamavid_demo.training.learning import autocast
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.vision import pixels

EXPLAINED = "explained"  # share of the patches' variance that comes out right, 0 to 1


@torch.no_grad()
def begin_tower(clip: ClipTower, eva: VisionTower, pictures: torch.Tensor) -> None:
    """Give `clip` the weights of `eva`, whose embeddings of some `pictures` (B, 3, S, S) say how the norm begins.

    Blocks that `eva` does not have, the last that is never read above all, do nothing.
    """
    target: Any = clip.clip
    source: Any = eva.tower
    width = source.embeddings.class_embedding.shape[-1]
    places = source.embeddings.position_embedding[0].clone()  # (1+N, C)
    places[1:] += source.embeddings.patch_embedding.bias
    target.embeddings.class_embedding.copy_(source.embeddings.class_embedding.view(width))
    target.embeddings.patch_embedding.weight.copy_(source.embeddings.patch_embedding.weight)
    target.embeddings.position_embedding.weight.copy_(places)
    rows = source.embeddings(pictures)  # (B, 1+N, C)
    target.pre_layrnorm.weight.fill_(rows.std(dim=-1).mean())
    target.pre_layrnorm.bias.fill_(rows.mean())
    for number, block in enumerate(target.encoder.layers):
        if number < len(source.encoder.layers):
            _copy_block(block, source.encoder.layers[number])
        else:
            for name, parameter in block.named_parameters():
                parameter.fill_(1.0 if name.startswith("layer_norm") and name.endswith("weight") else 0.0)


def _copy_block(target: Any, source: Any) -> None:
    attention, theirs = target.self_attn, source.self_attn
    weights, biases = theirs.qkv.weight.chunk(3), theirs.qkv.bias.chunk(3)
    for layer, weight, bias in zip(
        (attention.q_proj, attention.k_proj, attention.v_proj), weights, biases, strict=True
    ):
        layer.load_state_dict({"weight": weight, "bias": bias})
    attention.out_proj.load_state_dict(theirs.projection.state_dict())
    for name in ("layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2"):
        target.get_submodule(name).load_state_dict(source.get_submodule(name).state_dict())


class Distilling:
    """A step of the distilling stage: pictures of a pool with the `patches` (S, F, N, C) to be seen in them."""

    def __init__(self, tower: ClipTower, pool: ShotPool, patches: torch.Tensor, *, batch: int) -> None:
        self.tower, self.pool, self.patches, self.batch = tower, pool, patches, batch
        some = patches[:: max(1, len(patches) // 200)].float().flatten(0, 2)
        self.mean, self.std = some.mean(dim=0), some.std(dim=0) + 1e-3  # (C,) each

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch; every channel counts alike."""
        shots = [rng.randrange(self.patches.shape[0]) for _ in range(self.batch)]
        frames = [rng.randrange(self.patches.shape[1]) for _ in range(self.batch)]
        device = next(self.tower.parameters()).device
        with autocast(device):
            seen = self.tower(pixels(self.pool.frames[shots, frames], device)).float()
        wanted = self.patches[shots, frames].to(device).float()
        missed = ((seen - wanted) / self.std.to(device)).square().mean(dim=(1, 2))  # (B,)
        spread = ((wanted - self.mean.to(device)) / self.std.to(device)).square().mean(dim=(1, 2))
        return StepResult(missed.mean(), {EXPLAINED: (1 - missed.detach() / spread).tolist()})


@torch.no_grad()
def encode_pool(tower: ClipTower, pool: ShotPool, *, batch: int = 128) -> torch.Tensor:
    """Patches (S, F, N, C) of every frame of a pool, float16 on the CPU."""
    shots, count = pool.frames.shape[:2]
    frames = pool.frames.reshape(-1, *pool.frames.shape[2:])
    device = next(tower.parameters()).device
    parts = []
    for start in range(0, len(frames), batch):
        with autocast(device):
            parts.append(tower(pixels(frames[start : start + batch], device)).to("cpu", torch.float16))
    patches = torch.cat(parts)
    return patches.view(shots, count, *patches.shape[1:])
