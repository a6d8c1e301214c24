"""The golden tiny LLaVA-Mini, its inputs, and short ways to call it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from llamavid_demo.model.llava_mini.load import load_llava_mini
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from tests.golden_llava_mini import GoldenLlavaMini

FOLDER = Path(__file__).parent.parent.parent / "golden" / "llava_mini"


@pytest.fixture(scope="session")
def golden() -> GoldenLlavaMini:
    return GoldenLlavaMini(FOLDER)


@pytest.fixture(scope="session")
def tiny(golden: GoldenLlavaMini) -> LoadedLlavaMini:
    """One token a frame, in float32 (don't change it)."""
    return golden.one_token


@pytest.fixture(scope="session")
def film(tiny: LoadedLlavaMini, golden: GoldenLlavaMini) -> torch.Tensor:
    """Patches (5, 1, N, d) of the five frames of a video."""
    with torch.inference_mode():
        return tiny.network.patches(torch.from_numpy(golden.recorded("b_video")["pixel_values"])[0])


@pytest.fixture(scope="session")
def picture(tiny: LoadedLlavaMini, golden: GoldenLlavaMini) -> torch.Tensor:
    """Patches (1, 5, N, d) of a picture in 2×2 crops and whole."""
    with torch.inference_mode():
        return tiny.network.patches(torch.from_numpy(golden.recorded("d_image_hires")["pixel_values"]))


def load_tiny(**options: object) -> LoadedLlavaMini:
    known = {"vision_tower": FOLDER / "clip", "device": "cpu", "dtype": "float32"}
    return load_llava_mini(FOLDER / "ckpt", **{**known, **options})  # type: ignore[arg-type]


def random_picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
