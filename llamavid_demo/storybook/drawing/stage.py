"""What a place is painted on: three layers of land, and where its lamps and water are."""

import math
from dataclasses import dataclass, field

import numpy as np

from llamavid_demo.storybook.drawing.canvas import Canvas, Colour, Point, darker, lighter, smooth

PANE: Colour = (254, 229, 153)  # nothing else has this colour: it is found again to be lit at night
MARGIN = 0.5  # units that every layer reaches beyond the picture on both sides, for the camera's drift


@dataclass
class Glow:
    """A lamp or window that shines when it is dark: position and radius in units, on the near layer or not."""

    x: float
    y: float
    radius: float
    near: bool = False


@dataclass
class Stage:
    """The layers of a place, from far to near, in daylight; (left, top, right, bottom) of its open water."""

    sx: float
    sy: float
    rng: np.random.Generator
    glows: list[Glow] = field(default_factory=list)
    water: tuple[float, float, float, float] | None = None
    water_on_mid: bool = False
    inside: bool = False  # weather falls behind the near layer only

    def __post_init__(self) -> None:
        wide = 16 + 2 * MARGIN
        self.far = Canvas(-MARGIN, 0, wide, 9, self.sx, self.sy)
        self.mid = Canvas(-MARGIN, 0, wide, 9, self.sx, self.sy)
        self.near = Canvas(-MARGIN, 0, wide, 9, self.sx, self.sy)

    def vary(self, low: float, high: float) -> float:
        """A number by the shot's seed."""
        return float(self.rng.uniform(low, high))

    def window(self, x: float, y: float, w: float, h: float, *, near: bool = False) -> None:
        """A lit window on the layer in question."""
        layer = self.near if near else self.mid
        layer.box(x - w / 2 - 0.05, y - h / 2 - 0.05, x + w / 2 + 0.05, y + h / 2 + 0.05, (92, 66, 58))
        layer.box(x - w / 2, y - h / 2, x + w / 2, y + h / 2, PANE)
        self.glows.append(Glow(x, y, max(w, h) * 1.3, near))


def ridge(height: float, bumps: list[Point] | None = None, *, wave: float = 0.3, phase: float = 0.0) -> list[Point]:
    """The outline of a hill across the whole picture with its foot below the frame."""
    xs = [-1 + i * 18 / 12 for i in range(13)]
    tops = bumps or [(x, height + wave * math.sin(x * 0.55 + phase)) for x in xs]
    return [*smooth(tops, closed=False), (17.5, 9.5), (-1.5, 9.5)]


def meadow(stage: Stage, height: float, top: Colour, bottom: Colour, *, tufts: int = 26) -> None:
    """The near ground that actors stand on, with tufts of grass in it."""
    phase = stage.vary(0, 6)
    stage.near.shape(ridge(height, wave=0.16, phase=phase), top, bottom)
    for _ in range(tufts):
        x, y = stage.vary(-0.4, 16.4), stage.vary(height + 0.5, 8.9)
        tone = lighter(top, 0.16) if stage.vary(0, 1) < 0.5 else darker(bottom, 0.12)
        for lean in (-0.13, 0.0, 0.13):
            stage.near.stroke([(x + lean * 0.4, y), (x + lean, y - 0.22 + abs(lean))], tone, 0.05)


def fir(canvas: Canvas, x: float, y: float, size: float, tone: Colour) -> None:
    """A fir of height `size` with its foot at (x, y)."""
    canvas.box(x - size * 0.05, y - size * 0.16, x + size * 0.05, y, (96, 66, 48))
    for i, (top, half) in enumerate(((0.1, 0.32), (0.36, 0.26), (0.62, 0.19))):
        foot, tip = y - size * top, y - size * min(1.0, top + 0.44)
        canvas.shape(
            [(x, tip), (x + size * half, foot), (x, foot + size * 0.05), (x - size * half, foot)],
            lighter(tone, 0.12 + 0.05 * i), darker(tone, 0.18),
        )  # fmt: skip


def leafy(canvas: Canvas, x: float, y: float, size: float, tone: Colour) -> None:
    """A round tree of height `size` with its foot at (x, y)."""
    canvas.shape([(x - size * 0.07, y), (x - size * 0.04, y - size * 0.5), (x + size * 0.04, y - size * 0.5),
                  (x + size * 0.07, y)], (122, 84, 58), (88, 58, 44))  # fmt: skip
    for dx, dy, r, share in ((-0.2, 0.52, 0.21, 0.1), (0.2, 0.54, 0.2, 0.06), (0, 0.72, 0.27, 0.0)):
        canvas.ellipse(
            x + size * dx, y - size * dy, size * r, size * r, lighter(tone, 0.18), darker(tone, share + 0.12)
        )
    canvas.ellipse(x - size * 0.08, y - size * 0.8, size * 0.1, size * 0.07, lighter(tone, 0.3))


def house(stage: Stage, x: float, y: float, size: float, wall: Colour, roof: Colour) -> None:
    """A cottage on the middle layer, `size` wide, with its foot at (x, y)."""
    c, s = stage.mid, size
    c.box(x - s * 0.5, y - s * 0.62, x + s * 0.5, y, lighter(wall, 0.15), darker(wall, 0.12))
    c.box(x + s * 0.22, y - s * 1.12, x + s * 0.36, y - s * 0.7, (150, 92, 78))
    c.shape(
        [(x - s * 0.64, y - s * 0.58), (x, y - s * 1.2), (x + s * 0.64, y - s * 0.58)],
        lighter(roof, 0.12),
        darker(roof, 0.14),
    )
    c.box(x - s * 0.12, y - s * 0.38, x + s * 0.12, y, (116, 74, 54))
    c.ellipse(x, y - s * 0.38, s * 0.12, s * 0.1, (116, 74, 54))
    for dx in (-0.31, 0.31):
        stage.window(x + s * dx, y - s * 0.34, s * 0.18, s * 0.22)
