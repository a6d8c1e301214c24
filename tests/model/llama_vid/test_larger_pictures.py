"""Releases for larger pictures than the tower's file: positions stretched, and CLIP's preprocessing at their size.

The reference is computed here from the files' tensors alone, as the original describes it: no module of ours in it.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import CLIPImageProcessorPil

from llamavid_demo.film.frame_format import resize_frame
from llamavid_demo.model.llama_vid.config import read_config
from llamavid_demo.model.llama_vid.load import empty_network
from llamavid_demo.model.llama_vid.vision import stretch_positions
from llamavid_demo.model.load import load_model
from llamavid_demo.model.release_sizes import SEVEN_B
from tests.conftest import GOLDEN
from tests.model.test_real_layout import KEYS, RELEASED, SIZES_7B, keys_7b

SIDE, PATCH = 84, 14  # pixels; the tower's file has positions for 56


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The golden micro release, as one for pictures of 84 pixels; nothing says that its tower is not the release's."""
    shutil.copytree(GOLDEN / "checkpoint", tmp_path / "release")
    config = tmp_path / "release" / "config.json"
    stated = json.loads(config.read_text())
    config.write_text(json.dumps(stated | {"image_processor": f"./llamavid/processor/clip-patch14-{SIDE}"}))
    return tmp_path / "release"


def cubic(distance: float) -> float:
    """Keys' kernel with a = -0.75."""
    a, x = -0.75, abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def weights(had: int, wanted: int) -> np.ndarray:
    """Bicubic interpolation of a line as a matrix (wanted, had): pixels are areas, edges are repeated."""
    matrix = np.zeros((wanted, had))
    for row in range(wanted):
        place = (row + 0.5) * had / wanted - 0.5
        for near in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            matrix[row, min(max(near, 0), had - 1)] += cubic(place - near)
    return matrix


def stretched(positions: np.ndarray, side: int) -> np.ndarray:
    """Positions (1, 1+n, C) for a grid of that side, the first as it is."""
    had = round((positions.shape[1] - 1) ** 0.5)
    grid = positions[0, 1:].reshape(had, had, -1)
    matrix = weights(had, side)
    larger = np.einsum("yh,xw,hwc->yxc", matrix, matrix, grid).reshape(side * side, -1)
    return np.concatenate([positions[:, :1], larger[None]], axis=1)


def tower_rows(pixels: torch.Tensor) -> torch.Tensor:
    """Rows (B, 1+N, C) of the tower's file for pixels (B, 3, S, S): two blocks of one head, no norm behind them."""
    file = {key: value.float() for key, value in torch.load(GOLDEN / "eva_vit_g.pth", weights_only=True).items()}
    positions = torch.from_numpy(stretched(file["pos_embed"].numpy(), SIDE // PATCH)).float()
    patch = nn.functional.conv2d(pixels, file["patch_embed.proj.weight"], file["patch_embed.proj.bias"], stride=PATCH)
    rows = torch.cat([file["cls_token"].expand(len(pixels), -1, -1), patch.flatten(2).mT], dim=1) + positions
    for block in ("blocks.0.", "blocks.1."):
        own = {key.removeprefix(block): value for key, value in file.items() if key.startswith(block)}
        normed = nn.functional.layer_norm(rows, rows.shape[-1:], own["norm1.weight"], own["norm1.bias"], 1e-6)
        bias = torch.cat([own["attn.q_bias"], torch.zeros_like(own["attn.q_bias"]), own["attn.v_bias"]])
        query, key, value = (normed @ own["attn.qkv.weight"].T + bias).chunk(3, dim=-1)
        seen = (query @ key.mT * query.shape[-1] ** -0.5).softmax(dim=-1) @ value
        rows = rows + seen @ own["attn.proj.weight"].T + own["attn.proj.bias"]
        normed = nn.functional.layer_norm(rows, rows.shape[-1:], own["norm2.weight"], own["norm2.bias"], 1e-6)
        inner = nn.functional.gelu(normed @ own["mlp.fc1.weight"].T + own["mlp.fc1.bias"])
        rows = rows + inner @ own["mlp.fc2.weight"].T + own["mlp.fc2.bias"]
    return rows


def test_a_release_for_larger_pictures_reads_them_as_the_original_does(release: Path) -> None:
    model = load_model(release, vision_tower=GOLDEN / "eva_vit_g.pth", bert=GOLDEN / "bert", dtype="float32")
    frames = np.random.default_rng(0).integers(0, 256, (2, 72, 128, 3), np.uint8)
    clip = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    wanted = torch.from_numpy(np.stack(clip(list(frames), return_tensors="np")["pixel_values"])).float()
    resized = np.stack([resize_frame(frame, model.frame_format) for frame in frames])
    assert torch.allclose(model.normalise(resized), wanted, atol=1e-5)
    ours = model.network.vision(model.normalise(resized))
    assert ours.shape == (2, 1 + 36, 88)
    assert torch.allclose(ours, tower_rows(wanted), atol=1e-4)
    assert model.patches(resized).shape == (2, 36, 88)
    assert model.frame_tokens(model.patches(resized), "Where?").shape == (2, 2, 32)


def test_positions_in_half_precision_are_stretched_in_full() -> None:
    positions = torch.randn(1, 1 + 16 * 16, 8).half()
    exact = torch.from_numpy(stretched(positions.double().numpy(), 24))
    assert torch.allclose(stretch_positions(positions, 24 * 24).double(), exact, atol=1e-5)
    assert stretch_positions(positions, 16 * 16) is positions


def test_the_real_releases_for_336_pixels_have_the_sizes_that_are_reckoned_with() -> None:
    tower = {key: tuple(shape) for key, shape in KEYS["eva_vit_g"].items()}
    for side in (224, 336):
        released = {**RELEASED, **SIZES_7B, "image_processor": f"./llamavid/processor/clip-patch14-{side}"}
        config = read_config(released, keys_7b(), tower)
        assert config.vision.image == side and config.patch_shape == ((side // 14) ** 2, 1408)
        positions = empty_network(config).vision.tower.embeddings.position_embedding
        assert positions.shape == (1, 1 + (side // 14) ** 2, 1408)
        assert SEVEN_B.vision.width == config.vision.width
