"""Living things: cat, dog, horse, rabbit, bird, owl, fish and robot."""

import math

from llamavid_demo.storybook.drawing.canvas import mix
from llamavid_demo.storybook.drawing.sprites import Sprite

PINK = (250, 150, 160)
BEAK = (255, 178, 40)
NOSE = (48, 34, 44)


def cat(s: Sprite) -> None:
    """Sitting, seen from the front, with pointed ears and a curled tail."""
    t, w = s.tone, s.swing
    s.stroke([(0.45, 0.85), (0.95, 0.8), (1.12, 0.35 - 0.15 * w), (0.95, 0.0 - 0.2 * w)], t.base, 0.2)
    s.blob(
        [(0, -0.2), (0.42, 0.15), (0.6, 0.7), (0.42, 1.0), (-0.42, 1.0), (-0.6, 0.7), (-0.42, 0.15)], t.light, t.base
    )
    s.blob([(0, 0.2), (0.26, 0.5), (0.2, 0.92), (-0.2, 0.92), (-0.26, 0.5)], t.light)
    for x in (-0.24, 0.24):
        s.ellipse(x, 0.93 - 0.06 * max(0.0, w if x > 0 else -w), 0.19, 0.11, t.light)
    for side in (-1, 1):
        s.shape([(side * 0.62, -0.45), (side * 0.6, -1.08), (side * 0.14, -0.78)], t.base)
        s.shape([(side * 0.53, -0.6), (side * 0.52, -0.92), (side * 0.28, -0.76)], PINK)
    s.ellipse(0, -0.4, 0.66, 0.5, t.light, t.base)
    for x in (-0.14, 0.0, 0.14):
        s.stroke([(x, -0.87), (x * 0.8, -0.68)], t.dark, 0.06)
    s.eyes(0, -0.42, 0.27, 0.155)
    s.shape([(-0.08, -0.24), (0.08, -0.24), (0, -0.15)], PINK)
    s.smile(-0.08, -0.1, 0.08)
    s.smile(0.08, -0.1, 0.08)
    for side in (-1, 1):
        for dy in (-0.04, 0.06):
            s.stroke([(side * 0.42, -0.18 + dy), (side * 0.86, -0.22 + dy * 2.6)], t.line, 0.03)


def _legs(s: Sprite, xs: tuple[float, ...], top: float, width: float) -> None:
    """Four legs that swing against each other."""
    for i, x in enumerate(xs):
        reach = s.swing * (0.2 if i % 2 else -0.2)
        tone = s.tone.dark if i % 2 else s.tone.base
        s.stroke([(x, top), (x + reach, 0.98 - width / 2)], tone, width)


def dog(s: Sprite) -> None:
    """From the side: long snout, hanging ear, tail up."""
    t, w = s.tone, s.swing
    s.stroke([(-0.8, 0.1), (-1.08, -0.18), (-1.12 - 0.1 * w, -0.55)], t.base, 0.17)
    _legs(s, (-0.52, -0.7, 0.38, 0.2), 0.45, 0.22)
    s.blob(
        [(-0.85, 0.15), (-0.5, -0.08), (0.1, -0.05), (0.5, -0.1), (0.62, 0.3), (0.35, 0.58), (-0.3, 0.5), (-0.75, 0.6)],
        t.light,
        t.base,
    )
    s.blob(
        [
            (0.2, 0.05),
            (0.22, -0.7),
            (0.55, -0.98),
            (0.92, -0.78),
            (1.02, -0.5),
            (1.36, -0.42),
            (1.4, -0.18),
            (1.0, -0.06),
            (0.72, 0.14),
        ],
        t.light,
        t.base,
    )
    s.ellipse(1.36, -0.4, 0.13, 0.1, NOSE)
    s.stroke([(1.3, -0.12), (1.1, -0.14), (0.95, -0.2)], t.line, 0.05)
    s.blob([(1.05, -0.1), (1.2, -0.1), (1.18, 0.14), (1.08, 0.14)], (255, 110, 120))
    s.blob([(0.38, -0.9), (0.52, -0.6), (0.42, -0.08), (0.16, -0.06), (0.1, -0.5)], t.dark)
    s.eye(0.78, -0.58, 0.15)
    s.stroke([(0.26, 0.14), (0.5, 0.2), (0.74, 0.1)], (255, 236, 190), 0.09)


def horse(s: Sprite) -> None:
    """From the side: long neck, mane, long legs, flowing tail."""
    t, w = s.tone, s.swing
    s.blob([(-0.75, -0.2), (-1.1, -0.05), (-1.3 - 0.1 * w, 0.6), (-1.02, 0.5), (-0.85, 0.15)], t.dark)
    _legs(s, (-0.5, -0.68, 0.46, 0.28), 0.25, 0.19)
    s.blob(
        [
            (-0.85, -0.15),
            (-0.5, -0.32),
            (0.1, -0.22),
            (0.5, -0.3),
            (0.66, 0.08),
            (0.4, 0.36),
            (-0.2, 0.28),
            (-0.7, 0.38),
        ],
        t.light,
        t.base,
    )
    s.blob(
        [
            (0.1, -0.15),
            (0.42, -0.85),
            (0.62, -1.12),
            (0.86, -1.05),
            (1.28, -0.66),
            (1.26, -0.46),
            (1.06, -0.42),
            (0.82, -0.6),
            (0.68, 0.05),
        ],
        t.light,
        t.base,
    )
    s.shape([(0.55, -1.05), (0.58, -1.38), (0.76, -1.08)], t.base)
    s.blob(
        [(0.62, -1.16), (0.42, -1.12), (0.1, -0.6), (-0.08, -0.18), (0.16, -0.2), (0.3, -0.45), (0.44, -0.7)], t.dark
    )
    s.eye(0.82, -0.84, 0.12)
    s.ellipse(1.18, -0.57, 0.035, 0.035, t.line)
    s.stroke([(1.0, -0.45), (1.16, -0.46)], t.line, 0.04)


def rabbit(s: Sprite) -> None:
    """Sitting, from the front, with long upright ears and big feet."""
    t, w = s.tone, s.swing
    for side in (-1, 1):
        tip = side * (0.34 + 0.08 * w * side)
        s.blob(
            [(side * 0.12, -0.3), (tip - 0.2, -0.95), (tip, -1.36), (tip + 0.17, -0.95), (side * 0.42, -0.3)], t.base
        )
        s.blob([(side * 0.2, -0.45), (tip - 0.09, -0.95), (tip, -1.2), (tip + 0.07, -0.95), (side * 0.32, -0.45)], PINK)
    s.ellipse(0.56, 0.72, 0.2, 0.2, (255, 255, 255))
    s.ellipse(0, 0.55, 0.56, 0.48, t.light, t.base)
    s.ellipse(0, 0.6, 0.32, 0.32, t.light)
    for side in (-1, 1):
        s.ellipse(side * 0.36, 0.92 - 0.1 * max(0.0, w * side), 0.3, 0.13, t.light)
        s.ellipse(side * 0.2, 0.42, 0.11, 0.2, t.base)
    s.ellipse(0, -0.1, 0.52, 0.44, t.light, t.base)
    s.eyes(0, -0.14, 0.23, 0.14)
    s.ellipse(0, 0.06, 0.07, 0.05, PINK)
    s.box(-0.08, 0.15, 0.08, 0.28, (255, 255, 255))
    s.smile(0, 0.15, 0.12)
    s.cheeks(0, 0.08, 0.36)


def bird(s: Sprite) -> None:
    """A round singing bird from the side."""
    t, w = s.tone, s.swing
    for x in (-0.1, 0.18):
        s.stroke([(x, 0.6), (x + 0.12 * w * (1 if x > 0 else -1), 0.96), (x + 0.2, 0.97)], BEAK, 0.08, curved=False)
    s.blob([(-0.5, 0.05), (-1.3, -0.2), (-1.38, 0.08), (-1.15, 0.28), (-0.5, 0.45)], t.dark)
    s.blob(
        [
            (-0.75, 0.1),
            (-0.35, -0.3),
            (0.1, -0.75),
            (0.5, -0.92),
            (0.9, -0.72),
            (0.98, -0.35),
            (0.85, 0.2),
            (0.4, 0.64),
            (-0.2, 0.62),
        ],
        t.light,
        t.base,
    )
    s.shape([(0.92, -0.6), (1.4, -0.42), (0.94, -0.28)], BEAK)
    s.stroke([(0.94, -0.43), (1.22, -0.42)], (206, 120, 24), 0.04)
    lift = 0.25 * w
    s.blob([(0.25, -0.1), (0.05, 0.32), (-0.55, 0.42 - lift), (-0.95, 0.22 - lift * 2), (-0.3, -0.15)], t.dark)
    s.stroke([(-0.1, 0.02), (-0.5, 0.18 - lift)], t.base, 0.07)
    s.blob([(0.45, -0.9), (0.3, -1.2), (0.48, -1.1), (0.56, -1.28), (0.64, -0.9)], t.dark)
    s.eye(0.6, -0.5, 0.15)


def owl(s: Sprite) -> None:
    """An egg with tufts, great round eyes and a chequered breast."""
    t, w = s.tone, s.swing
    for side in (-1, 1):
        s.shape([(side * 0.66, -0.55), (side * 0.78, -1.2), (side * 0.2, -0.9)], t.base)
        s.blob(
            [(side * 0.55, -0.25), (side * (0.92 + 0.12 * w), 0.25), (side * (0.8 + 0.1 * w), 0.75), (side * 0.5, 0.6)],
            t.dark,
        )
        s.ellipse(side * 0.24, 0.95, 0.18, 0.09, BEAK)
    s.blob(
        [
            (0, -1.0),
            (0.55, -0.82),
            (0.72, -0.2),
            (0.66, 0.5),
            (0.36, 0.92),
            (-0.36, 0.92),
            (-0.66, 0.5),
            (-0.72, -0.2),
            (-0.55, -0.82),
        ],
        t.light,
        t.base,
    )
    s.blob([(0, 0.0), (0.4, 0.2), (0.38, 0.62), (0, 0.86), (-0.38, 0.62), (-0.4, 0.2)], t.light)
    for row in range(3):
        for i in range(3 - row % 2):
            x = (i - (2 - row % 2) / 2) * 0.25
            y = 0.24 + row * 0.2
            s.stroke([(x - 0.08, y), (x, y + 0.08), (x + 0.08, y)], t.dark, 0.05, curved=False)
    for side in (-1, 1):
        s.ellipse(side * 0.32, -0.42, 0.36, 0.36, mix(t.light, (255, 244, 220), 0.75))
        s.eye(side * 0.32, -0.42, 0.24)
    s.shape([(-0.1, -0.3), (0.1, -0.3), (0, -0.06)], BEAK)


def fish(s: Sprite) -> None:
    """A plump fish from the side with a fan tail."""
    t, w = s.tone, s.swing
    s.blob(
        [
            (-0.6, 0.2),
            (-1.1, -0.35 + 0.1 * w),
            (-1.42, -0.45 + 0.2 * w),
            (-1.22, 0.2 + 0.1 * w),
            (-1.42, 0.85 + 0.1 * w),
            (-1.1, 0.75),
            (-0.6, 0.3),
        ],
        t.dark,
        t.base,
    )
    s.blob([(-0.4, -0.35), (-0.1, -0.95), (0.4, -0.85), (0.55, -0.35)], t.dark)
    s.blob([(-0.1, 0.75), (-0.25, 1.08), (0.2, 1.0), (0.3, 0.75)], t.dark)
    s.blob(
        [
            (-0.8, 0.22),
            (-0.3, -0.36),
            (0.4, -0.5),
            (0.95, -0.25),
            (1.2, 0.15),
            (0.95, 0.58),
            (0.35, 0.85),
            (-0.35, 0.72),
        ],
        t.light,
        t.base,
    )
    for x in (-0.42, -0.08):
        s.stroke([(x, -0.2), (x + 0.14, 0.2), (x, 0.6)], t.dark, 0.11)
    s.blob([(0.3, 0.28), (0.0, 0.18 - 0.1 * w), (-0.1, 0.5 - 0.12 * w), (0.22, 0.5)], t.dark)
    s.eye(0.74, -0.02, 0.18)
    s.stroke([(1.14, 0.32), (0.98, 0.38), (0.86, 0.34)], t.line, 0.05)


def robot(s: Sprite) -> None:
    """A square head with an aerial, a box of a body, arms and legs."""
    t, w = s.tone, s.swing
    steel = mix(t.base, (176, 182, 196), 0.35)
    for side in (-1, 1):
        s.stroke([(side * 0.26, 0.6), (side * 0.26, 0.85)], steel, 0.2)
        s.box(
            side * 0.28 - 0.22,
            0.84 - 0.1 * max(0.0, w * side),
            side * 0.28 + 0.22,
            1.0 - 0.1 * max(0.0, w * side),
            t.dark,
        )
        s.stroke(
            [(side * 0.55, 0.08), (side * 0.86, 0.25 - 0.2 * w * side), (side * 0.88, 0.5 - 0.3 * w * side)],
            steel,
            0.16,
        )
        s.ellipse(side * 0.88, 0.52 - 0.3 * w * side, 0.14, 0.14, t.dark)
    s.box(-0.56, -0.06, 0.56, 0.68, t.light, t.base)
    s.box(-0.36, 0.1, 0.36, 0.5, t.dark)
    for i, tone in enumerate(((255, 96, 86), (255, 214, 90), (96, 220, 130))):
        s.ellipse(-0.2 + 0.2 * i, 0.3, 0.075, 0.075, tone)
    s.stroke([(0, -0.95), (0, -1.22)], steel, 0.07)
    s.ellipse(0, -1.28, 0.11, 0.11, (255, 220, 90))
    for side in (-1, 1):
        s.box(side * 0.68 - 0.1, -0.7, side * 0.68 + 0.1, -0.4, steel)
    s.box(-0.66, -0.98, 0.66, -0.12, t.light, t.base)
    s.box(-0.52, -0.8, 0.52, -0.3, mix(t.dark, (24, 26, 40), 0.5))
    if s.awake:
        for side in (-1, 1):
            s.ellipse(side * 0.26, -0.57, 0.16, 0.16, (214, 252, 255))
            s.ellipse(side * 0.26 + 0.03, -0.56, 0.08, 0.09, (30, 60, 90))
    else:
        for side in (-1, 1):
            s.stroke([(side * 0.26 - 0.15, -0.55), (side * 0.26 + 0.15, -0.55)], (214, 252, 255), 0.06)
    s.stroke([(-0.16 * math.cos(0.2), -0.36), (0.16, -0.36)], (214, 252, 255), 0.05)


CREATURES = {
    "cat": cat,
    "dog": dog,
    "horse": horse,
    "rabbit": rabbit,
    "bird": bird,
    "owl": owl,
    "fish": fish,
    "robot": robot,
}
