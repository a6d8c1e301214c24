"""What the vision tower must see.

For each patch whose it is, its colour and what it does; for the frame place, time, weather and who is there.
"""

from dataclasses import dataclass

import numpy as np
import torch

from llamavid_demo.storybook.shots import ShotPool
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, WEATHERS

NOBODY = 0  # patch label of the background; things, colours and actions count from 1
FRAME_KINDS = ("place", "time", "weather")
PRESENT = "present"  # each thing there or not
PATCH_KINDS = ("thing", "colour", "action")
CLASSES = {
    "place": len(PLACES), "time": len(TIMES), "weather": len(WEATHERS),
    PRESENT: len(THINGS),
    "thing": 1 + len(THINGS), "colour": 1 + len(COLOURS), "action": 1 + len(ACTIONS),
}  # fmt: skip
_INNER = 0.8  # share of a box's width and height that its actor surely fills


@dataclass(frozen=True)
class VisionLabels:
    """Classes of `frame` kinds (S,) and of `patch` kinds (S, F, N), N patches row by row; `present` (S, things)."""

    frame: dict[str, torch.Tensor]
    present: torch.Tensor
    patch: dict[str, torch.Tensor]


def vision_labels(pool: ShotPool, side: int) -> VisionLabels:
    """Labels for all frames of a pool seen as `side` × `side` patches; where two overlap, the latter is in front."""
    centres = (np.arange(side) + 0.5) / side
    across, down = np.meshgrid(centres, centres)  # (side, side)
    shots, frames = pool.boxes.shape[:2]
    patch = {kind: np.zeros((shots, frames, side, side), np.int64) for kind in PATCH_KINDS}
    present = np.zeros((shots, len(THINGS)), np.float32)
    for i, shot in enumerate(pool.shots):
        for a, actor in enumerate(shot.actors):
            present[i, THINGS.index(actor.thing)] = 1
            left, top, right, bottom = pool.boxes[i, :, a].T[..., None, None]  # (F, 1, 1) each
            wide, high = _INNER * (right - left) / 2, _INNER * (bottom - top) / 2
            inside = (abs(across - (left + right) / 2) <= wide) & (abs(down - (top + bottom) / 2) <= high)
            patch["thing"][i][inside] = 1 + THINGS.index(actor.thing)
            patch["colour"][i][inside] = 1 + COLOURS.index(actor.colour)
            patch["action"][i][inside] = 1 + ACTIONS.index(actor.action)
    return VisionLabels(
        frame={
            "place": torch.tensor([PLACES.index(shot.place) for shot in pool.shots]),
            "time": torch.tensor([TIMES.index(shot.time) for shot in pool.shots]),
            "weather": torch.tensor([WEATHERS.index(shot.weather) for shot in pool.shots]),
        },
        present=torch.from_numpy(present),
        patch={kind: torch.from_numpy(label).flatten(2) for kind, label in patch.items()},
    )
