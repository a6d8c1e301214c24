"""What floats around an actor so that its action can be read from one picture: wings, notes, sleep, dust, swirls."""

import math
from functools import lru_cache

from PIL import Image, ImageFilter

from llamavid_demo.storybook.drawing.canvas import Canvas, Colour

INK: Colour = (58, 46, 78)


def _outlined(canvas: Canvas, spread: float) -> Image.Image:
    """A prop with a pale rim."""
    figure = canvas.finish()
    radius = max(0.5, spread * canvas.ky / canvas.over)
    rim = figure.getchannel("A").filter(ImageFilter.GaussianBlur(radius)).point(lambda a: min(255, a * 4))
    done = Image.new("RGBA", figure.size, (255, 250, 236, 0))
    done.putalpha(rim)
    done.alpha_composite(figure)
    return done


@lru_cache(maxsize=128)
def prop(kind: str, scale: float) -> Image.Image:
    """A prop (2 by 2 units around its centre) at `scale` pixels a unit. Shared: do not change it."""
    c = Canvas(-1, -1, 2, 2, scale, scale, over=3)
    if kind == "wing":
        for i, (length, drop) in enumerate(((0.95, 0.5), (1.0, 0.1), (0.95, -0.32), (0.8, -0.66))):
            tip = (-1 + 1.9 * length, drop)
            c.blob([(-0.95, 0.45), (-0.3, drop * 0.6 - 0.28), tip, (-0.2, drop * 0.6 + 0.34)],
                   (255, 255, 255) if i % 2 else (232, 240, 252))  # fmt: skip
        return _outlined(c, 0.03)
    if kind == "note":
        c.ellipse(-0.35, 0.55, 0.36, 0.28, INK)
        c.stroke([(-0.04, 0.5), (-0.04, -0.75)], INK, 0.15, curved=False)
        c.stroke([(-0.04, -0.72), (0.4, -0.5), (0.5, -0.1)], INK, 0.17)
        return _outlined(c, 0.07)
    if kind == "zed":
        c.stroke([(-0.55, -0.6), (0.55, -0.6), (-0.55, 0.6), (0.55, 0.6)], INK, 0.26, curved=False)
        return _outlined(c, 0.09)
    if kind == "puff":
        for x, y, r in ((-0.4, 0.1, 0.42), (0.05, -0.15, 0.5), (0.45, 0.15, 0.4)):
            c.ellipse(x, y, r, r, (255, 252, 244), (236, 226, 214))
        return c.finish()
    if kind == "swirl":
        for start in (0.0, math.pi):
            arc = [(0.86 * math.cos(start + a * 0.2), 0.86 * math.sin(start + a * 0.2)) for a in range(10)]
            c.stroke(arc, (255, 252, 240), 0.11)
        return c.finish()
    if kind == "spring":
        for x, y in ((-0.6, 0.25), (0.0, 0.4), (0.6, 0.25)):
            c.stroke([(x, y), (x * 1.3, y - 0.75)], (255, 252, 240), 0.13)
        return c.finish()
    c.ellipse(0, 0, 0.72, 0.72, (24, 18, 48))  # shadow
    return c.finish().filter(ImageFilter.GaussianBlur(max(1.0, 0.1 * scale)))
