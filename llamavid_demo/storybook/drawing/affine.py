"""Puts a small picture onto a frame: turned, stretched, mirrored, between pixels."""

import math
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Placed:
    """Where a picture's pivot comes to lie (scene units), its turn (radians) and scale; negative `wide` mirrors."""

    x: float
    y: float
    angle: float
    wide: float
    tall: float

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Scene point of a point (u, v) measured in the picture's units from its pivot."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        a, b = u * self.wide, v * self.tall
        return self.x + c * a - s * b, self.y + s * a + c * b


def box_of(placed: Placed, corners: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Bounding box in scene units of the rectangle (left, top, right, bottom) of picture units."""
    left, top, right, bottom = corners
    points = [placed.at(u, v) for u in (left, right) for v in (top, bottom)]
    return min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points)


def place(
    frame: Image.Image,
    picture: Image.Image,
    placed: Placed,
    pivot: tuple[float, float],
    density: tuple[float, float],
    *,
    opacity: float = 1.0,
) -> None:
    """Draws an RGBA `picture` onto an RGB `frame`.

    `pivot` is the pivot's place in picture units from its upper left corner, `density` its pixels a unit.
    """
    sx, sy = frame.width / 16, frame.height / 9
    right, bottom = picture.width / density[0] - pivot[0], picture.height / density[1] - pivot[1]
    x0, y0, x1, y1 = box_of(placed, (-pivot[0], -pivot[1], right, bottom))
    left, top = max(0, math.floor(x0 * sx) - 1), max(0, math.floor(y0 * sy) - 1)
    wide, high = min(frame.width, math.ceil(x1 * sx) + 1) - left, min(frame.height, math.ceil(y1 * sy) + 1) - top
    if wide <= 0 or high <= 0:
        return
    c, s = math.cos(placed.angle), math.sin(placed.angle)
    # inverse of: frame px -> scene -> turned back -> picture px
    ax, ay = density[0] / placed.wide, density[1] / placed.tall
    ox, oy = left / sx - placed.x, top / sy - placed.y
    data = (
        ax * c / sx, ax * s / sy, ax * (c * ox + s * oy) + pivot[0] * density[0],
        -ay * s / sx, ay * c / sy, ay * (c * oy - s * ox) + pivot[1] * density[1],
    )  # fmt: skip
    part = picture.transform((wide, high), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    mask = part.getchannel("A")
    if opacity < 1:
        mask = mask.point(lambda a: int(a * opacity))
    frame.paste(part, (left, top), mask)
