"""The shape in which a model wants its frames, and the one resize that makes every frame so."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

_LONGEST = 64  # times the other side; the longest films are 4:1


@dataclass(frozen=True)
class FrameFormat:
    """Size in pixels of the frames that a model reads, and what to do with another aspect ratio.

    `crop` keeps the aspect ratio: the shortest edge becomes `min(width, height)`, then the centre is cut out, to
    the bit as the image processor of CLIP does. `stretch` takes the whole picture and bends it to the size.
    """

    width: int
    height: int
    fit: Literal["crop", "stretch"] = "crop"


def resize_frame(rgb: np.ndarray, format: FrameFormat, *, display: tuple[int, int] | None = None) -> np.ndarray:
    """Resize one picture, `(H, W, 3)` uint8, to `(format.height, format.width, 3)` uint8, bicubic.

    `display` is the (width, height) at which the picture is shown when its pixels are not square.
    """
    picture = Image.fromarray(rgb)
    if format.fit == "stretch":
        size = (format.width, format.height)
        return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
    picture, (width, height) = _middle(picture, display or picture.size)
    edge = min(format.width, format.height)
    # The order of operations decides the rounding; it is that of CLIP's image processor.
    size = (edge, int(edge * height / width)) if width <= height else (int(edge * width / height), edge)
    return _crop(np.asarray(picture.resize(size, Image.Resampling.BICUBIC)), format)


def _middle(picture: Image.Image, shown: tuple[int, int]) -> tuple[Image.Image, tuple[int, int]]:
    """The picture and the size at which it is shown, less the ends of one that is longer than `_LONGEST` times wide.

    What is cut off here would be cut off later anyway, from a picture of gigabytes.
    """
    width, height = shown
    most = _LONGEST * min(shown)
    if max(shown) <= most:
        return picture, shown
    across, down = (
        max(1, picture.width * min(width, most) // width),
        max(1, picture.height * min(height, most) // height),
    )
    left, top = (picture.width - across) // 2, (picture.height - down) // 2
    return picture.crop((left, top, left + across, top + down)), (min(width, most), min(height, most))


def _crop(rgb: np.ndarray, format: FrameFormat) -> np.ndarray:
    """Cut the centre out of `rgb`; what lies outside of it is black, as in CLIP's image processor."""
    height, width = rgb.shape[:2]
    top, left = (height - format.height) // 2, (width - format.width) // 2
    if top >= 0 and left >= 0:
        return np.ascontiguousarray(rgb[top : top + format.height, left : left + format.width])
    tall, wide = max(height, format.height), max(width, format.width)
    below, right = -((height - tall) // 2), -((width - wide) // 2)  # the odd black line goes before the picture
    canvas = np.zeros((tall, wide, 3), np.uint8)
    canvas[below : below + height, right : right + width] = rgb
    top, left = max(0, top + below), max(0, left + right)
    return np.ascontiguousarray(canvas[top : top + format.height, left : left + format.width])
