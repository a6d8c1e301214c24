"""Where on a frame the model looked, as a heat map to lay over the frame's still: warm there, clear elsewhere."""

import base64
import io

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageFilter

from llamavid_demo.film import Movie

WIDTH = 80  # pixels; a browser smooths what it enlarges
WARM = (230, 0, 90)
STRONGEST = 0.85  # opacity: the picture stays visible under it


def heat_picture(shares: ArrayLike, movie: Movie, *, cropped: bool) -> str:
    """A `data:` address of the heat map for shares (rows, columns) of the attention on a movie's frame.

    Only what got more than its even share is warm; attention that is spread evenly leaves the picture clear.
    `cropped`: the model saw only the square in the frame's middle.
    """
    seen = np.asarray(shares, dtype=np.float32)
    mean = max(float(seen.mean()), 1e-9)
    above = np.clip(seen - mean, 0, None) / max(float(seen.max()) - mean, mean)
    height = max(2, min(3 * WIDTH, round(WIDTH * movie.height / max(1, movie.width))))
    side = min(WIDTH, height)
    size = (side, side) if cropped else (WIDTH, height)
    alpha = Image.new("L", (WIDTH, height), 0)
    patches = Image.fromarray(STRONGEST * 255 * above).convert("L").resize(size, Image.Resampling.NEAREST)
    soft = patches.filter(ImageFilter.GaussianBlur(size[1] / len(seen) / 3))  # attention may lie on a single patch
    alpha.paste(soft, ((WIDTH - size[0]) // 2, (height - size[1]) // 2))
    picture = Image.new("RGB", alpha.size, WARM)
    picture.putalpha(alpha)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
