"""Pictures in place of a film: as large as a wall, damaged, or of a kind that nobody takes."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from llamavid_demo.film.pictures import MOST_PIXELS
from tests.hostile.case import Case, chance, writer

WALLS = ((10_000, MOST_PIXELS // 10_000), (10_000, MOST_PIXELS // 10_000 + 1), (60_000, 2), (1, 60_000))
TIMES = 5  # each format is damaged


def cases() -> Iterator[Case]:
    """Walls that are one colour and so a small file, then damaged pictures."""
    for width, height in WALLS:
        for format in ("PNG", "JPEG", "BMP"):
            if format != "BMP" or width * height < MOST_PIXELS // 10:
                yield Case("stills", f"{format} {width}x{height}", _wall(format, width, height))
    for format in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"):
        for number in range(TIMES):
            label = f"damaged {format} {number}"
            random, data = chance(label), bytearray(_picture(format, 64, 48))
            for _ in range(random.choice((1, 5, 50))):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            yield Case("stills", label, writer("film.png", bytes(data)))


def _wall(format: str, width: int, height: int) -> Callable[[Path], Path]:
    """A `make` of a large picture; drawing all of them takes seconds."""
    return lambda folder: writer("film.png", _picture(format, width, height))(folder)


def _picture(format: str, width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L" if width * height > 10_000 else "RGB", (width, height), 99).save(file, format)
    return file.getvalue()
