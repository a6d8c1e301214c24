"""Pictures in place of a film: each is a frame, one a second."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from llamavid_demo.errors import PictureError
from llamavid_demo.film.movie import Movie, slugify
from llamavid_demo.film.plain_files import check_plain_file
from llamavid_demo.film.sections import Section

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp"))
MOST_PIXELS = 100_000_000


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def are_pictures(paths: Sequence[Path]) -> bool:
    """Whether files are pictures by their names; raises `PictureError` for pictures among others, or several films."""
    named = [is_picture(path) for path in paths]
    if all(named):
        return True
    if len(paths) > 1:
        other = paths[named.index(False)].name
        raise PictureError(f"{other} is no picture by its name: give one film, or pictures (JPEG, PNG, WebP, BMP).")
    return False


def read_picture(path: Path) -> np.ndarray:
    """A picture (H, W, 3) uint8 RGB, turned as its camera says.

    Raises `PictureError`, and `MovieError` for what is no plain file.
    """
    real = check_plain_file(path)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(real, formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureError(
                    f"{path.name} has {opened.width}×{opened.height} pixels, and {MOST_PIXELS:,} are read at most: "
                    "make it smaller."
                )
            return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except PictureError:
        raise
    except Exception as error:  # whatever a decoder trips over, it is the file that is no good
        raise PictureError(f"{path.name} is no picture that can be read: give JPEG, PNG, WebP or BMP.") from error


def as_movie(paths: Sequence[Path]) -> Movie:
    """Pictures as a film of as many seconds, which has no file of its own to be read."""
    first, count = paths[0], len(paths)
    title = first.stem if count == 1 else f"{first.stem} and {count - 1} more"
    return Movie(
        slug=slugify(title), title=title, path=first, duration=float(count), width=0, height=0, codec="",
        sections=(Section(0, 0.0, float(count)),), subtitles=None, poster=None, year=None, licence="", source="",
        synopsis="", questions=(),
    )  # fmt: skip
