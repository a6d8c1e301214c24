from dataclasses import replace

import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.storybook.shots import render_pool
from llamavid_demo.training.vision import mirror
from llamavid_demo.training.vision_labels import PATCH_KINDS, vision_labels


def test_labels_are_mirrored_as_pictures_are() -> None:
    pool = render_pool(6, FrameFormat(112, 112, "stretch"), seed="mirror", frames=3)
    boxes = pool.boxes.copy()
    boxes[..., 0], boxes[..., 2] = 1 - pool.boxes[..., 2], 1 - pool.boxes[..., 0]
    boxes[~pool.boxes.any(axis=-1)] = 0  # nobody
    labels, mirrored = (vision_labels(p, side=8) for p in (pool, replace(pool, boxes=boxes)))
    for kind in PATCH_KINDS:
        assert torch.equal(mirror(labels.patch[kind].flatten(0, 1)), mirrored.patch[kind].flatten(0, 1))
        assert not torch.equal(labels.patch[kind], mirrored.patch[kind])
