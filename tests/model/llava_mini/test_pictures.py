"""Which frames are read, into what parts a picture is cut, and that CLIP's own processor gives the same pixels."""

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.pictures import picture_parts, sample_frames, square_frames
from tests.model.llava_mini.conftest import FOLDER, random_picture


@pytest.mark.parametrize(
    ("total", "fps", "frames"),
    [(11, 2.0, [1, 3, 5, 7, 9]), (1, 25.0, [0]), (12, 25.0, [5]), (3, 0.5, [0, 1, 1]), (60, 29.97, [15, 44])],
)
def test_one_frame_a_second_and_never_none(total: int, fps: float, frames: list[int]) -> None:
    assert sample_frames(total, fps) == frames


def test_a_video_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="without frames"):
        sample_frames(0, 25.0)


def test_no_limit_to_the_frames() -> None:
    frames = sample_frames(30 * 60 * 60 * 3, 30.0)
    assert len(frames) == 10800 and frames == sorted(set(frames))


@pytest.mark.parametrize("size", [(72, 96), (96, 72), (57, 200), (56, 56), (30, 41)])
def test_pixels_are_those_of_clips_processor(tiny: LoadedLlavaMini, size: tuple[int, int]) -> None:
    rgb = random_picture(*size)
    theirs = CLIPImageProcessorPil.from_pretrained(FOLDER / "clip")(rgb, return_tensors="pt")["pixel_values"]
    assert (tiny.picture_pixels(rgb)[0] - theirs).abs().max() < 1e-6


def test_parts_are_tiles_row_by_row_and_then_the_whole() -> None:
    rgb = random_picture(9, 9)
    rgb[:4, :4], rgb[:4, 4:8], rgb[4:8, :4], rgb[4:8, 4:8] = 10, 20, 30, 40  # the ninth row and column are left over
    parts = picture_parts(rgb, FrameFormat(4, 4, "crop"), crops=2)
    assert [int(part.min()) for part in parts[:4]] == [int(part.max()) for part in parts[:4]] == [10, 20, 30, 40]
    assert parts.shape == (5, 4, 4, 3)


def test_a_picture_too_small_to_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="1×8"):
        picture_parts(random_picture(8, 1), FrameFormat(4, 4, "crop"), crops=2)


def test_squares_take_the_nearest_pixel() -> None:
    frame = np.arange(4 * 6, dtype=np.uint8).reshape(1, 4, 6, 1).repeat(3, axis=3)
    assert square_frames(frame, 2)[0, :, :, 0].tolist() == [[0, 3], [12, 15]]


def test_the_config_says_how_many_crops(tiny: LoadedLlavaMini) -> None:
    rgb = random_picture(80, 60)
    assert tiny.picture_pixels(rgb).shape == (1, 1, 3, 56, 56)
    assert tiny.frame_pixels(np.stack([rgb] * 3), crops=2).shape == (3, 5, 3, 56, 56)
    patches = tiny.network.patches(tiny.frame_pixels(np.stack([rgb] * 3), crops=2))
    assert patches.shape == (3, 5, 16, 64)
    stored = tiny.patches(np.stack([rgb] * 3))
    assert stored.shape == (3, 1, 16, 64) and stored.dtype == torch.float16
