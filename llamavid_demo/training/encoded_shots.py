"""A pool of shots as the vision tower sees them, and films put together from it without rendering."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from llamavid_demo.model.llama_vid.vision import VisionTower
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.storybook.shots import Scenery, ShotPool, by_scenery, film_from_pool
from llamavid_demo.storybook.world import Script, Shot
from llamavid_demo.training.vision import encode
from llamavid_demo.training.vision_labels import vision_labels


@dataclass(frozen=True)
class EncodedShots:
    """Shots with the patches (S, F, N, C) of their frames, float16, and `whose` (S, F, N) each is: a thing's label."""

    shots: tuple[Shot, ...]
    patches: torch.Tensor
    whose: torch.Tensor

    @cached_property
    def scenery(self) -> Scenery:
        """The shots by place, time and weather."""
        return by_scenery(self.shots)

    def film(self, rng: random.Random, kind: FilmKind) -> tuple[Script, list[tuple[int, int]]]:
        """A film, with two (shot, frame) of the pool for each of its shots; the film's frames alternate by chance."""
        script, chosen = film_from_pool(self.scenery, rng, kind)
        frames = range(self.patches.shape[1])
        return script, [(shot, frame) for shot in chosen for frame in rng.sample(frames, 2)]


def encode_pool(tower: VisionTower, pool: ShotPool) -> torch.Tensor:
    """Patches (S, F, N, C) of every frame of a pool."""
    shots, frames = pool.frames.shape[:2]
    patches = encode(tower, pool.frames.reshape(-1, *pool.frames.shape[2:]))
    return patches.view(shots, frames, *patches.shape[1:])


def kept_patches(path: Path, encode: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Patches (S, F, N, C) in a file; they are encoded if there is none yet."""
    if not path.is_file():
        part = path.with_suffix(".part")
        save_file({"patches": encode()}, part)
        part.replace(path)
    return load_file(path)["patches"]


def encoded_shots(pool: ShotPool, patches: torch.Tensor) -> EncodedShots:
    """A pool's shots as `patches` (S, F, N, C) show them."""
    whose = vision_labels(pool, side=round(patches.shape[2] ** 0.5)).patch["thing"]
    return EncodedShots(pool.shots, patches, whose)
