"""Where on a frame the model looked, as a heat map to lay over the frame's still: what it hardly looked at is dark."""

import base64
import io

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from llamavid_demo.film import Movie

WIDTH = 80  # pixels; a browser smooths what it enlarges
DARKEST = 0.8


def heat_picture(shares: ArrayLike, movie: Movie, *, cropped: bool) -> str:
    """A `data:` address of the heat map for shares (rows, columns) of the attention on a movie's frame.

    `cropped`: the model saw only the square in the frame's middle.
    """
    seen = np.asarray(shares, dtype=np.float32)
    dark = Image.fromarray(DARKEST * 255 * (1 - seen / max(float(seen.max()), 1e-9)))
    height = max(2, round(WIDTH * movie.height / max(1, movie.width)))
    side = min(WIDTH, height)
    size = (side, side) if cropped else (WIDTH, height)
    alpha = Image.new("L", (WIDTH, height), round(DARKEST * 255))
    smooth = dark.resize(size, Image.Resampling.BILINEAR).convert("L")
    alpha.paste(smooth, ((WIDTH - size[0]) // 2, (height - size[1]) // 2))
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", alpha.size), alpha)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
