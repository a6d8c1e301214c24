"""How frames are prepared for a vision tower: the checkpoint's `preprocessor_config.json`."""

from pathlib import Path
from typing import Literal

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
