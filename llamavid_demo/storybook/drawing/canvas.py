"""A canvas in scene units (a picture is 16 wide and 9 high), antialiased by drawing larger and shrinking.

Knows how to fill curves and gradients; nothing of places or things.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from `a` to `b`."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def lighter(colour: Colour, share: float) -> Colour:
    """Towards white."""
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    """Towards a deep blue black, which looks softer than grey."""
    return mix(colour, (18, 16, 34), share)


def smooth(points: Sequence[Point], *, steps: int = 6, closed: bool = True) -> list[Point]:
    """A Catmull-Rom curve through `points`."""
    p = np.asarray(points, dtype=np.float64)
    before, after = (p[-1:], p[:2]) if closed else (p[:1] * 2 - p[1:2], p[-1:] * 2 - p[-2:-1])
    p = np.concatenate([before, p, after])
    a, b, c, d = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    flat = curve.reshape(-1, 2)
    if not closed:
        flat = np.concatenate([flat, p[-2:-1]])
    return [(float(x), float(y)) for x, y in flat]


class Canvas:
    """An RGBA picture that is drawn in units: x from `left` to `left + width`, y from `top` down.

    `sx` and `sy` are final pixels a unit; `over` is how much larger it is drawn before `finish` shrinks it.
    """

    def __init__(
        self, left: float, top: float, width: float, height: float, sx: float, sy: float, *, over: int = 2
    ) -> None:
        self.left, self.top, self.width, self.height, self.over = left, top, width, height, over
        self.kx, self.ky = sx * over, sy * over
        self.size = (max(1, round(width * sx)), max(1, round(height * sy)))
        self.image = Image.new("RGBA", (self.size[0] * over, self.size[1] * over), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.image)

    def finish(self) -> Image.Image:
        """The antialiased picture."""
        return self.image.reduce(self.over)

    def _px(self, points: Iterable[Point]) -> list[Point]:
        return [((x - self.left) * self.kx, (y - self.top) * self.ky) for x, y in points]

    def shape(self, points: Sequence[Point], top: Colour, bottom: Colour | None = None) -> None:
        """A filled polygon, in one colour or in a gradient from `top` to `bottom` over its own height."""
        px = self._px(points)
        if bottom is None:
            self.pen.polygon(px, fill=(*top, 255))
            return
        x0, y0 = max(0, int(min(x for x, _ in px))), int(min(y for _, y in px))
        x1 = min(self.image.width, math.ceil(max(x for x, _ in px)) + 1)
        y1 = math.ceil(max(y for _, y in px)) + 1
        if x1 <= x0 or y1 <= y0:
            return
        mask = Image.new("L", (x1 - x0, y1 - y0))
        ImageDraw.Draw(mask).polygon([(x - x0, y - y0) for x, y in px], fill=255)
        ramp = np.linspace(0, 1, y1 - y0)[:, None]
        column = np.asarray(top) * (1 - ramp) + np.asarray(bottom) * ramp  # (h, 3)
        fill = Image.fromarray(column.round().astype(np.uint8)[:, None]).resize((x1 - x0, y1 - y0))
        self.image.paste(fill, (x0, y0), mask)

    def blob(self, points: Sequence[Point], top: Colour, bottom: Colour | None = None) -> None:
        """A closed smooth shape through `points`."""
        self.shape(smooth(points), top, bottom)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, top: Colour, bottom: Colour | None = None) -> None:
        """An ellipse around (cx, cy)."""
        if bottom is None:
            (x0, y0), (x1, y1) = self._px([(cx - rx, cy - ry), (cx + rx, cy + ry)])
            self.pen.ellipse((x0, y0, x1, y1), fill=(*top, 255))
            return
        turns = [i * math.tau / 40 for i in range(40)]
        self.shape([(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in turns], top, bottom)

    def box(self, x0: float, y0: float, x1: float, y1: float, top: Colour, bottom: Colour | None = None) -> None:
        """A rectangle from (x0, y0) to (x1, y1)."""
        self.shape([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], top, bottom)

    def stroke(self, points: Sequence[Point], colour: Colour, width: float, *, curved: bool = True) -> None:
        """A line of `width` units with round ends."""
        px = self._px(smooth(points, closed=False) if curved and len(points) > 2 else points)
        thick = max(1, round(width * math.sqrt(self.kx * self.ky)))
        self.pen.line(px, fill=(*colour, 255), width=thick, joint="curve")
        if thick > 2:
            r = thick / 2
            for x, y in (px[0], px[-1]):
                self.pen.ellipse((x - r, y - r, x + r, y + r), fill=(*colour, 255))


def soft_spot(size: tuple[int, int], cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
    """A glow (h, w) in 0..1 that falls off smoothly around (cx, cy) in pixels."""
    w, h = size
    x = (np.arange(w, dtype=np.float32) + 0.5 - cx) / rx
    y = (np.arange(h, dtype=np.float32) + 0.5 - cy) / ry
    spot: np.ndarray = np.exp(-(x[None, :] ** 2 + y[:, None] ** 2))
    return spot


def bleed(layer: Image.Image) -> Image.Image:
    """Gives transparent pixels their neighbours' colour, so that shifting by half a pixel leaves no dark rim."""
    around = layer.convert("RGBa").filter(ImageFilter.BoxBlur(2)).convert("RGBA")
    alpha = layer.getchannel("A")
    solid = alpha.point([0] + [255] * 255)
    filled = Image.composite(layer.convert("RGB"), around.convert("RGB"), solid)
    filled.putalpha(alpha)
    return filled
