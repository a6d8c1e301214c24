"""Things with a face: boat, car, balloon, kite, umbrella, lantern, ball and hat."""

import math

from llamavid_demo.storybook.drawing.canvas import mix
from llamavid_demo.storybook.drawing.sprites import Sprite

WOOD = (150, 100, 66)
GOLD = (255, 208, 84)


def boat(s: Sprite) -> None:
    """A sailing boat."""
    t, w = s.tone, s.swing
    s.stroke([(0.0, 0.5), (0.0, -1.3)], WOOD, 0.09)
    s.blob([(-0.1, -1.15), (-0.45, -0.6), (-0.95 - 0.1 * w, 0.12), (-0.5, 0.22), (-0.1, 0.2)], t.dark, t.base)
    s.blob([(0.1, -1.25), (0.55, -0.8), (0.98 + 0.1 * w, 0.08), (0.55, 0.2), (0.1, 0.2)], t.light, t.base)
    s.shape([(0, -1.42), (0.34, -1.33), (0, -1.22)], GOLD)
    s.blob(
        [(-1.3, 0.3), (-0.6, 0.42), (0.5, 0.42), (1.35, 0.24), (1.0, 0.85), (0.6, 1.0), (-0.6, 1.0), (-1.0, 0.85)],
        t.light,
        t.base,
    )
    s.stroke([(-1.2, 0.42), (-0.5, 0.52), (0.5, 0.52), (1.22, 0.38)], (255, 244, 220), 0.08)
    s.eyes(0.55, 0.7, 0.19, 0.12)
    s.smile(0.55, 0.88, 0.1)


def car(s: Sprite) -> None:
    """A round little car from the side."""
    t, w = s.tone, s.swing
    s.blob(
        [
            (-1.3, 0.55),
            (-1.28, 0.1),
            (-0.85, -0.05),
            (-0.6, -0.65),
            (-0.1, -0.85),
            (0.4, -0.68),
            (0.72, -0.08),
            (1.25, 0.08),
            (1.36, 0.55),
            (1.0, 0.78),
            (-1.0, 0.78),
        ],
        t.light,
        t.base,
    )
    glass = (206, 238, 250)
    s.blob([(-0.62, -0.08), (-0.46, -0.52), (-0.16, -0.66), (-0.06, -0.62), (-0.08, -0.06)], glass, (160, 208, 234))
    s.blob([(0.06, -0.06), (0.06, -0.64), (0.3, -0.54), (0.54, -0.08)], glass, (160, 208, 234))
    s.stroke([(-1.2, 0.36), (0, 0.3), (1.3, 0.36)], t.dark, 0.06)
    s.ellipse(1.22, 0.24, 0.13, 0.14, (255, 244, 180))
    for x in (-0.72, 0.72):
        s.ellipse(x, 0.7, 0.34, 0.34, (40, 38, 48))
        s.ellipse(x, 0.7, 0.17, 0.17, (224, 226, 232))
        for k in range(3):
            a = w * 1.6 + k * math.pi / 3
            s.stroke(
                [
                    (x - 0.15 * math.cos(a), 0.7 - 0.15 * math.sin(a)),
                    (x + 0.15 * math.cos(a), 0.7 + 0.15 * math.sin(a)),
                ],
                (120, 124, 136),
                0.035,
            )
    s.eyes(0.98, 0.06, 0.14, 0.11)


def balloon(s: Sprite) -> None:
    """A hot-air balloon with a basket."""
    t, w = s.tone, s.swing
    for x in (-0.24, 0.24):
        s.stroke([(x * 1.5, 0.25), (x, 0.72)], WOOD, 0.045)
    s.blob(
        [
            (0, -1.42),
            (0.52, -1.28),
            (0.86, -0.82),
            (0.8, -0.3),
            (0.46, 0.18),
            (0.2, 0.42),
            (-0.2, 0.42),
            (-0.46, 0.18),
            (-0.8, -0.3),
            (-0.86, -0.82),
            (-0.52, -1.28),
        ],
        t.light,
        t.base,
    )
    for side in (-1, 1):
        s.blob(
            [
                (side * 0.2, -1.38),
                (side * 0.5, -0.85),
                (side * 0.42, -0.1),
                (side * 0.16, 0.4),
                (side * 0.24, -0.1),
                (side * 0.3, -0.8),
            ],
            t.dark,
        )
    s.box(-0.24, 0.36, 0.24, 0.46, GOLD)
    sway = 0.05 * w
    s.blob(
        [(-0.3 + sway, 0.68), (0.3 + sway, 0.68), (0.25 + sway, 1.0), (-0.25 + sway, 1.0)],
        (206, 150, 92),
        (160, 106, 66),
    )
    s.box(-0.32 + sway, 0.66, 0.32 + sway, 0.75, (226, 178, 116))
    s.eyes(0, -0.62, 0.22, 0.15)
    s.smile(0, -0.28, 0.15)


def kite(s: Sprite) -> None:
    """A diamond with spars and a tail of bows."""
    t, w = s.tone, s.swing
    tail = [(0.0, 0.35), (0.28 + 0.2 * w, 0.6), (-0.12 - 0.2 * w, 0.82), (0.2 + 0.15 * w, 1.05)]
    s.stroke(tail, (250, 240, 220), 0.06)
    for (x, y), flip in zip(tail[1:], (1, -1, 1), strict=True):
        for side in (-1, 1):
            s.shape(
                [(x, y), (x + 0.22 * side, y - 0.12 - 0.04 * flip), (x + 0.22 * side, y + 0.12 - 0.04 * flip)], t.dark
            )
    s.shape([(0, -1.4), (0.86, -0.52), (0, 0.45), (-0.86, -0.52)], t.light, t.base)
    s.shape([(0, -1.4), (0.86, -0.52), (0, -0.52)], t.light)
    s.shape([(0, 0.45), (-0.86, -0.52), (0, -0.52)], t.dark)
    s.stroke([(0, -1.36), (0, 0.4)], (255, 246, 224), 0.06)
    s.stroke([(-0.82, -0.52), (0.82, -0.52)], (255, 246, 224), 0.06)
    s.eyes(0, -0.66, 0.26, 0.14)
    s.smile(0, -0.3, 0.14)


def umbrella(s: Sprite) -> None:
    """An open umbrella with a scalloped edge and a crook."""
    t, w = s.tone, s.swing
    s.stroke([(0, -0.4), (0, 0.72), (0.08, 0.92), (0.24, 0.92), (0.32, 0.74)], WOOD, 0.12)
    s.stroke([(0, -1.1), (0, -1.38)], WOOD, 0.1)
    rim = []
    for i in range(5):
        x = 1.3 - i * 0.52
        rim += [(x, 0.02), (x - 0.26, -0.16 - 0.03 * w)]
    dome = [(-1.3 + 2.6 * i / 16, 0.02 - 1.2 * math.sin(math.pi * i / 16) ** 0.8) for i in range(17)]
    s.shape([*dome, *rim[:-1], (-1.04, -0.16), (-1.3, 0.02)], t.light, t.base)
    for x in (-0.52, 0.52):
        s.stroke([(0, -1.16), (x * 0.72, -0.75), (x, -0.02)], t.dark, 0.06)
    for side in (-1, 1):
        s.blob(
            [(side * 0.1, -1.16), (side * 0.95, -0.8), (side * 1.26, -0.02), (side * 1.04, -0.18), (side * 0.8, -0.7)],
            t.dark,
        )
    s.eyes(0, -0.56, 0.22, 0.14)
    s.smile(0, -0.28, 0.12)


def lantern(s: Sprite) -> None:
    """A lantern with a ring, a roof, coloured glass and a flame."""
    t, w = s.tone, s.swing
    ring = [(0.26 * math.cos(a) + 0.06 * w, -1.16 + 0.22 * math.sin(a)) for a in [k * math.tau / 14 for k in range(15)]]
    s.stroke(ring, t.dark, 0.09)
    s.blob([(-0.6, -0.62), (-0.3, -0.95), (0.3, -0.95), (0.6, -0.62), (0, -0.56)], t.light, t.base)
    s.box(-0.5, -0.64, 0.5, 0.76, t.light, t.base)
    s.blob(
        [(-0.38, -0.5), (0.38, -0.5), (0.42, 0.1), (0.38, 0.62), (-0.38, 0.62), (-0.42, 0.1)],
        mix(t.base, (255, 246, 200), 0.42),
    )
    flame = 0.06 * w
    s.blob([(0.0 + flame, -0.46), (0.16, -0.2), (0.11, 0.0), (-0.11, 0.0), (-0.16, -0.2)], (255, 224, 110))
    for x in (-0.46, 0.46):
        s.stroke([(x, -0.6), (x, 0.72)], t.base, 0.14)
    s.blob([(-0.68, 0.98), (-0.6, 0.72), (0.6, 0.72), (0.68, 0.98), (0, 1.0)], t.light, t.base)
    s.eyes(0, 0.2, 0.19, 0.125)
    s.smile(0, 0.45, 0.11)


def ball(s: Sprite) -> None:
    """A big ball with curved bands and a star."""
    t, w = s.tone, s.swing
    s.ellipse(0, 0.1, 0.9, 0.9, t.light, t.base)
    for side in (-1, 1):
        s.blob(
            [
                (side * 0.3, -0.72),
                (side * 0.78, -0.3),
                (side * 0.88, 0.1),
                (side * 0.78, 0.5),
                (side * 0.3, 0.92),
                (side * 0.52, 0.1),
            ],
            t.dark,
        )
    s.ellipse(-0.3, -0.52, 0.16, 0.1, mix(t.light, (255, 255, 255), 0.6))
    s.eyes(0, -0.05, 0.24, 0.17)
    s.smile(0, 0.38 + 0.02 * w, 0.18)
    s.cheeks(0, 0.28, 0.38)


def hat(s: Sprite) -> None:
    """A wizard's hat with a bent tip, a band and stars."""
    t, w = s.tone, s.swing
    s.blob(
        [(-1.3, 0.78), (-0.7, 0.52), (0, 0.44), (0.7, 0.52), (1.3, 0.78), (0.8, 0.98), (0, 1.0), (-0.8, 0.98)],
        t.dark,
        t.base,
    )
    s.blob(
        [
            (-0.7, 0.7),
            (-0.48, 0.0),
            (-0.28, -0.7),
            (0.05, -1.2),
            (0.5 + 0.1 * w, -1.36),
            (0.78 + 0.12 * w, -1.1),
            (0.42, -0.98),
            (0.38, -0.5),
            (0.54, 0.1),
            (0.7, 0.7),
            (0, 0.8),
        ],
        t.light,
        t.base,
    )
    s.shape([(-0.69, 0.66), (-0.62, 0.42), (0, 0.5), (0.62, 0.42), (0.69, 0.66), (0, 0.76)], t.dark)
    s.box(-0.13, 0.5, 0.13, 0.72, GOLD)
    for x, y, r in ((-0.2, -0.62, 0.12), (0.2, -0.85, 0.09), (0.36, 0.16, 0.08)):
        star = [
            (
                x + r * (1 if i % 2 else 0.42) * math.sin(i * math.pi / 5),
                y + r * (1 if i % 2 else 0.42) * math.cos(i * math.pi / 5),
            )
            for i in range(10)
        ]
        s.shape(star, GOLD)
    s.eyes(0, -0.1, 0.2, 0.14)
    s.smile(0, 0.2, 0.12)


OBJECTS = {
    "boat": boat,
    "car": car,
    "balloon": balloon,
    "kite": kite,
    "umbrella": umbrella,
    "lantern": lantern,
    "ball": ball,
    "hat": hat,
}
