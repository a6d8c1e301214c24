"""Actors as pictures: paper cut-outs in one colour with an outline, a pale rim and eyes.

A sprite is drawn in its own units: it stands on y = 1, reaches up to about y = -1 and looks to the right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from llamavid_demo.storybook.drawing.canvas import Canvas, Colour, darker, lighter, mix

LEFT, TOP, WIDTH, HEIGHT = -1.65, -1.65, 3.3, 2.9
TONES: dict[str, Colour] = {
    "red": (222, 38, 46),
    "orange": (250, 132, 20),
    "yellow": (255, 218, 36),
    "green": (52, 172, 66),
    "blue": (36, 104, 228),
    "purple": (146, 62, 196),
    "white": (250, 249, 246),
    "black": (44, 42, 50),
}
PALE: Colour = (255, 250, 236)


@dataclass(frozen=True)
class Paint:
    """The tones of one colour."""

    base: Colour
    light: Colour
    dark: Colour
    line: Colour


def paint(colour: str) -> Paint:
    """Tones of a colour word; white and black keep enough contrast for their details to show."""
    base = TONES[colour]
    if colour == "white":
        return Paint(base, (255, 255, 255), (206, 210, 222), (92, 94, 116))
    if colour == "black":
        return Paint(base, (84, 82, 98), (20, 18, 26), (8, 8, 14))
    return Paint(base, lighter(base, 0.22), darker(base, 0.24), darker(base, 0.66))


class Sprite(Canvas):
    """The canvas of one actor with the things that all faces share."""

    def __init__(self, colour: str, scale: float, *, swing: float, awake: bool) -> None:
        super().__init__(LEFT, TOP, WIDTH, HEIGHT, scale, scale, over=3)
        self.tone = paint(colour)
        self.swing = swing
        self.awake = awake

    def eyes(self, cx: float, cy: float, apart: float, r: float) -> None:
        """Two eyes around (cx, cy); closed ones are arcs."""
        for x in (cx - apart, cx + apart):
            self.eye(x, cy, r)

    def eye(self, x: float, y: float, r: float) -> None:
        """One eye of radius `r`."""
        if not self.awake:
            arc = [(x - r, y - r * 0.1), (x, y + r * 0.55), (x + r, y - r * 0.1)]
            self.stroke(arc, self.tone.line if self.tone.base != TONES["black"] else (226, 222, 216), r * 0.42)
            return
        self.ellipse(x, y, r * 1.12, r * 1.22, self.tone.line)
        self.ellipse(x, y, r, r * 1.1, (255, 255, 255))
        self.ellipse(x + r * 0.2, y + r * 0.08, r * 0.62, r * 0.74, (26, 22, 34))
        self.ellipse(x + r * 0.4, y - r * 0.3, r * 0.24, r * 0.26, (255, 255, 255))

    def smile(self, x: float, y: float, r: float) -> None:
        """A mouth of half width `r`."""
        tone = self.tone.line if self.tone.base != TONES["black"] else (226, 222, 216)
        self.stroke([(x - r, y - r * 0.3), (x, y + r * 0.35), (x + r, y - r * 0.3)], tone, 0.05)

    def cheeks(self, x: float, y: float, apart: float) -> None:
        """A little blush."""
        for side in (-apart, apart):
            self.ellipse(x + side, y, 0.09, 0.06, mix(self.tone.base, (255, 120, 130), 0.45))

    def sprite(self) -> Image.Image:
        """The cut-out: shaded, outlined, with a pale rim."""
        figure = self.finish()
        k = self.kx / self.over
        pad = figure.getchannel("A")
        line = _grow(pad, 0.035 * k)
        rim = _grow(pad, 0.085 * k).filter(ImageFilter.GaussianBlur(max(0.4, 0.006 * k)))
        done = Image.new("RGBA", figure.size, (*PALE, 0))
        done.putalpha(rim)
        done.paste((*self.tone.line, 255), (0, 0), line)
        done.alpha_composite(_lit(figure))
        return done


def _grow(alpha: Image.Image, radius: float) -> Image.Image:
    """Dilates a mask by `radius` pixels, softly: works for parts of a pixel too."""
    blurred = np.asarray(alpha.filter(ImageFilter.GaussianBlur(max(0.3, radius))), dtype=np.float32)
    grown = np.maximum(np.asarray(alpha), (blurred * 11 - 90).clip(0, 255)).astype(np.uint8)
    return Image.fromarray(grown)


def _lit(figure: Image.Image) -> Image.Image:
    """Light from the upper left, shade at the lower right edge."""
    pixels = np.asarray(figure).astype(np.float32)
    alpha = pixels[..., 3]
    h = len(alpha)
    step = max(1, round(h * 0.05))
    below = np.zeros_like(alpha)
    below[:-step, :-step] = alpha[step:, step:]
    edge = (alpha - below).clip(0, 255) / 255
    soft = Image.fromarray((edge * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(step * 0.7))
    shade = np.asarray(soft, dtype=np.float32)[..., None] / 255
    height = np.linspace(1.07, 0.93, h, dtype=np.float32)[:, None, None]
    pixels[..., :3] = (pixels[..., :3] * height * (1 - 0.26 * shade)).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


@lru_cache(maxsize=512)
def sprite(draw: Callable[[Sprite], None], colour: str, scale: float, swing: float, awake: bool) -> Image.Image:
    """The finished cut-out of a thing at `scale` pixels a sprite unit. Shared: do not change it."""
    canvas = Sprite(colour, scale, swing=swing, awake=awake)
    draw(canvas)
    return canvas.sprite()
