"""What the vision tower must see: for each patch whose it is and its colour, for the frame place, time and weather."""

from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.train.shots import ShotPool
from llamavid_demo.train.world import COLOURS, PLACES, THINGS, TIMES, WEATHERS

NOBODY = 0  # patch label of the background; things and colours count from 1
FRAME_KINDS = ("place", "time", "weather")
PATCH_KINDS = ("thing", "colour")
CLASSES = {
    "place": len(PLACES), "time": len(TIMES), "weather": len(WEATHERS),
    "thing": 1 + len(THINGS), "colour": 1 + len(COLOURS),
}  # fmt: skip
_INNER = 0.8  # share of a box's width and height that its actor surely fills


@dataclass(frozen=True)
class VisionLabels:
    """Classes of `frame` kinds (S,) and of `patch` kinds (S, F, N), N patches row by row."""

    frame: dict[str, torch.Tensor]
    patch: dict[str, torch.Tensor]


def vision_labels(pool: ShotPool, side: int) -> VisionLabels:
    """Labels for all frames of a pool seen as `side` × `side` patches; where two overlap, the latter is in front."""
    centres = (np.arange(side) + 0.5) / side
    across, down = np.meshgrid(centres, centres)  # (side, side)
    shots, frames = pool.boxes.shape[:2]
    thing = np.zeros((shots, frames, side, side), np.int64)
    colour = np.zeros_like(thing)
    for i, shot in enumerate(pool.shots):
        for a, actor in enumerate(shot.actors):
            left, top, right, bottom = pool.boxes[i, :, a].T[..., None, None]  # (F, 1, 1) each
            wide, high = _INNER * (right - left) / 2, _INNER * (bottom - top) / 2
            inside = (abs(across - (left + right) / 2) <= wide) & (abs(down - (top + bottom) / 2) <= high)
            thing[i][inside] = 1 + THINGS.index(actor.thing)
            colour[i][inside] = 1 + COLOURS.index(actor.colour)
    return VisionLabels(
        frame={
            "place": torch.tensor([PLACES.index(shot.place) for shot in pool.shots]),
            "time": torch.tensor([TIMES.index(shot.time) for shot in pool.shots]),
            "weather": torch.tensor([WEATHERS.index(shot.weather) for shot in pool.shots]),
        },
        patch={
            "thing": torch.from_numpy(thing).flatten(2),
            "colour": torch.from_numpy(colour).flatten(2),
        },
    )
