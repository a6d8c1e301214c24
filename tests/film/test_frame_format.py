import numpy as np
import pytest
from PIL import Image

from llamavid_demo.film import FrameFormat, resize_frame

SIZES = [(90, 160), (161, 91), (91, 161), (7, 400), (224, 224), (13, 13), (333, 100), (225, 224)]


@pytest.fixture
def noise() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("edge", [14, 56, 97, 224])
def test_crop_is_to_the_bit_what_clip_does(noise: np.random.Generator, size: tuple[int, int], edge: int) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    rgb = noise.integers(0, 256, (*size, 3), np.uint8)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": edge},
        crop_size={"height": edge, "width": edge},
        do_rescale=False,
        do_normalize=False,
    )
    theirs = processor(rgb, return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    assert np.array_equal(resize_frame(rgb, FrameFormat(edge, edge)), theirs)


@pytest.mark.parametrize("format", [FrameFormat(50, 31), FrameFormat(31, 50), FrameFormat(57, 31)])
@pytest.mark.parametrize("size", [(90, 160), (161, 91), (40, 41)])
def test_crop_to_an_oblong_is_what_clip_does(
    noise: np.random.Generator, size: tuple[int, int], format: FrameFormat
) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    rgb = noise.integers(0, 256, (*size, 3), np.uint8)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": min(format.width, format.height)},
        crop_size={"height": format.height, "width": format.width},
        do_rescale=False,
        do_normalize=False,
    )
    theirs = processor(rgb, return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    assert np.array_equal(resize_frame(rgb, format), theirs)


def test_stretch_takes_the_whole_picture(noise: np.random.Generator) -> None:
    rgb = noise.integers(0, 256, (90, 160, 3), np.uint8)
    expected = np.asarray(Image.fromarray(rgb).resize((32, 48), Image.Resampling.BICUBIC))
    assert np.array_equal(resize_frame(rgb, FrameFormat(32, 48, "stretch")), expected)


def test_oblong_pixels_are_counted_as_they_are_shown(noise: np.random.Generator) -> None:
    rgb = noise.integers(0, 256, (90, 80, 3), np.uint8)
    wide = np.asarray(Image.fromarray(rgb).resize((112, 64), Image.Resampling.BICUBIC))
    cut = resize_frame(rgb, FrameFormat(64, 64), display=(160, 91))
    assert np.array_equal(cut, wide[:, 24:88])


def test_the_result_is_a_plain_array_of_its_own(noise: np.random.Generator) -> None:
    rgb = noise.integers(0, 256, (20, 30, 3), np.uint8)
    result = resize_frame(rgb, FrameFormat(10, 10))
    assert result.flags.c_contiguous
    assert (result.shape, result.dtype) == ((10, 10, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "where"), [((2, 100_000), np.s_[:, 49_000:51_000]), ((100_000, 2), np.s_[49_000:51_000])]
)
def test_picture_like_a_thread_is_cut_before_it_is_resized(size: tuple[int, int], where: object) -> None:
    """Resized as a whole it would have 17 million pixels along its long side, and take 17 GB."""
    rgb = np.zeros((*size, 3), np.uint8)
    rgb[where] = 255
    assert (resize_frame(rgb, FrameFormat(336, 336)) == 255).all()
