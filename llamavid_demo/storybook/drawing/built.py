"""Places that people made: village, castle, harbour, garden, city and farm."""

import math

from llamavid_demo.storybook.drawing.canvas import Colour, darker, lighter
from llamavid_demo.storybook.drawing.stage import PANE, Glow, Stage, house, leafy, meadow, ridge

ROOFS: tuple[Colour, ...] = ((196, 84, 64), (176, 96, 72), (208, 112, 70), (160, 78, 74))
WALLS: tuple[Colour, ...] = ((252, 236, 206), (246, 222, 190), (232, 226, 214), (250, 214, 180))


def village(stage: Stage) -> None:
    """A row of cottages with red roofs on green hills, and a church."""
    stage.far.shape(ridge(4.4, wave=0.5, phase=stage.vary(0, 6)), (150, 196, 128), (112, 170, 108))
    for i in range(9):
        leafy(stage.far, i * 2 + stage.vary(-0.5, 0.5), 5.4, stage.vary(1.0, 1.6), (98, 158, 92))
    stage.mid.shape(ridge(5.7, wave=0.25, phase=stage.vary(0, 6)), (138, 192, 104), (104, 160, 86))
    church = stage.vary(6.5, 9.5)
    stage.mid.box(church - 0.5, 2.9, church + 0.5, 6.4, (250, 240, 222), (226, 208, 184))
    stage.mid.shape([(church - 0.68, 2.95), (church, 0.9), (church + 0.68, 2.95)], (150, 92, 92), (116, 66, 76))
    stage.window(church, 3.7, 0.3, 0.5)
    for i, x in enumerate((0.9, 3.9, 12.2, 15.1)):
        size = stage.vary(2.2, 2.6)
        house(stage, x + stage.vary(-0.2, 0.2), 6.7, size, WALLS[i], ROOFS[i])
    for i, x in enumerate((5.9, 10.3)):
        house(stage, x, 6.5, 1.7, WALLS[3 - i], ROOFS[i + 1])
    meadow(stage, 6.7, (146, 198, 100), (92, 148, 74))
    stage.near.blob(
        [(6.8, 6.75), (9.2, 6.75), (10.4, 7.6), (12.5, 9.4), (3.5, 9.4), (5.6, 7.6)], (240, 218, 172), (222, 190, 140)
    )


def castle(stage: Stage) -> None:
    """A grey castle with blue pointed roofs and flags on a hill."""
    stage.far.shape(ridge(5.2, wave=0.45, phase=stage.vary(0, 6)), (138, 186, 150), (106, 162, 130))
    c = stage.mid
    cx = 8 + stage.vary(-0.5, 0.5)
    c.blob(
        [(-1.5, 7.2), (3, 6.1), (cx, 5.7), (13, 6.1), (17.5, 7.2), (17.5, 9.4), (-1.5, 9.4)],
        (128, 184, 106),
        (90, 148, 86),
    )
    stone: Colour = (190, 188, 200)
    for x, top, half in ((cx - 2.1, 2.1, 0.55), (cx + 2.1, 2.1, 0.55)):
        _tower(stage, x, top, half, 5.6, stone)
    c.box(cx - 4.3, 3.8, cx + 4.3, 6.3, lighter(stone, 0.12), darker(stone, 0.16))
    for i in range(11):
        x = cx - 4.3 + i * 0.82
        c.box(x, 3.5, x + 0.46, 3.9, lighter(stone, 0.12))
    _tower(stage, cx, 2.75, 0.8, 6.2, lighter(stone, 0.1))
    for x in (cx - 4.3, cx + 4.3):
        _tower(stage, x, 2.9, 0.85, 6.5, stone)
    c.box(cx - 0.6, 5.1, cx + 0.6, 6.4, (86, 58, 50))
    c.ellipse(cx, 5.1, 0.6, 0.5, (86, 58, 50))
    for x in (cx - 2.6, cx + 2.6):
        stage.window(x, 4.8, 0.3, 0.5)
    meadow(stage, 6.6, (134, 190, 98), (84, 142, 78))
    stage.near.blob(
        [(cx - 0.7, 6.45), (cx + 0.7, 6.45), (cx + 1.6, 7.4), (cx + 4.2, 9.4), (cx - 4.2, 9.4), (cx - 1.6, 7.4)],
        (222, 206, 184),
        (192, 172, 150),
    )


def _tower(stage: Stage, x: float, top: float, half: float, foot: float, stone: Colour) -> None:
    c = stage.mid
    c.box(x - half, top, x + half, foot, lighter(stone, 0.16), darker(stone, 0.12))
    c.box(x + half * 0.3, top, x + half, foot, darker(stone, 0.12), darker(stone, 0.24))
    c.shape(
        [(x - half * 1.3, top + 0.1), (x, top - half * 2.3), (x + half * 1.3, top + 0.1)], (96, 112, 176), (66, 74, 136)
    )
    c.stroke([(x, top - half * 2.2), (x, top - half * 2.2 - 0.6)], (96, 72, 60), 0.06)
    peak = top - half * 2.2 - 0.6
    c.shape([(x, peak), (x + 0.7, peak + 0.17), (x, peak + 0.34)], (226, 70, 76))
    stage.window(x - half * 0.1, top + 0.75, half * 0.45, 0.5)


def harbour(stage: Stage) -> None:
    """Deep blue sea, a striped lighthouse, masts, and a wooden pier to stand on."""
    stage.far.box(-1, 4.9, 17, 9, (34, 92, 160), (50, 120, 178))
    stage.water = (-0.5, 5.1, 16.5, 7.1)
    side = 1 if stage.vary(0, 1) < 0.5 else -1
    x, c = 8 + side * stage.vary(5.2, 6.0), stage.mid
    c.blob(
        [(x - 2.3, 6.3), (x - 1.4, 5.5), (x, 5.2), (x + 1.4, 5.5), (x + 2.3, 6.3), (x, 6.6)],
        (140, 132, 136),
        (98, 92, 104),
    )
    for i in range(5):
        low, high = 5.4 - i * 0.76, 5.4 - (i + 1) * 0.76
        a, b = 0.66 - i * 0.06, 0.66 - (i + 1) * 0.06
        tone: Colour = (252, 248, 240) if i % 2 else (218, 66, 62)
        c.shape([(x - a, low), (x - b, high), (x + b, high), (x + a, low)], tone, darker(tone, 0.1))
    c.box(x - 0.55, 1.5, x + 0.55, 1.62, (80, 66, 72))
    stage.window(x, 1.25, 0.5, 0.5)
    stage.glows[-1].radius = 1.5
    c.blob([(x - 0.45, 0.98), (x, 0.45), (x + 0.45, 0.98)], (200, 60, 60))
    for dx in (1.2, 3.4, 5.4, 7.6):
        _moored(stage, 8 - side * (dx - 1.2) + stage.vary(-0.3, 0.3), 6.3 + 0.1 * math.sin(dx * 5))
    plank: Colour = (182, 134, 92)
    stage.near.box(-1, 6.95, 17, 9.5, lighter(plank, 0.16), darker(plank, 0.22))
    for i in range(15):
        top = -2.4 + i * 1.5
        stage.near.stroke([(8 + (top - 8) * 0.9, 6.95), (8 + (top - 8) * 1.35, 9.2)], darker(plank, 0.32), 0.05)
    stage.near.box(-1, 6.9, 17, 7.08, (214, 170, 124))
    for x in (0.5, 5.4, 10.6, 15.5):
        stage.near.box(x - 0.17, 6.3, x + 0.17, 7.25, (140, 98, 70), (104, 70, 54))
        stage.near.ellipse(x, 6.3, 0.22, 0.1, (196, 150, 108))
    stage.near.stroke(
        [(0.5, 6.5), (3, 6.85), (5.4, 6.5), (8, 6.85), (10.6, 6.5), (13, 6.85), (15.5, 6.5)], (226, 206, 168), 0.07
    )


def _moored(stage: Stage, x: float, y: float) -> None:
    c = stage.mid
    c.stroke([(x, y), (x, y - 2.7)], (110, 78, 60), 0.09)
    c.stroke([(x - 0.5, y - 2.0), (x + 0.5, y - 2.0)], (110, 78, 60), 0.07)
    c.blob(
        [(x - 0.9, y - 0.15), (x, y - 0.1), (x + 0.9, y - 0.15), (x + 0.55, y + 0.3), (x - 0.55, y + 0.3)],
        (150, 106, 78),
        (100, 68, 56),
    )
    c.stroke([(x, y - 2.6), (x + 0.85, y - 0.2)], (214, 200, 180), 0.03)


def garden(stage: Stage) -> None:
    """Flower beds in rows, a white fence, round trees and a rose arch."""
    stage.far.shape(ridge(4.9, wave=0.3, phase=stage.vary(0, 6)), (160, 214, 140), (130, 192, 116))
    for i in range(8):
        leafy(stage.mid, i * 2.4 - 0.5 + stage.vary(-0.3, 0.3), 6.0, stage.vary(2.2, 3.0), (112, 182, 96))
    fence: Colour = (255, 252, 244)
    for i in range(30):
        x = -0.5 + i * 0.6
        stage.mid.shape(
            [(x, 6.6), (x, 5.2), (x + 0.16, 4.95), (x + 0.32, 5.2), (x + 0.32, 6.6)], fence, darker(fence, 0.1)
        )
    for y in (5.5, 6.15):
        stage.mid.box(-1, y, 17, y + 0.14, darker(fence, 0.05))
    cx = 8 + stage.vary(-1.2, 1.2)
    for s in (-1, 1):
        stage.mid.stroke(
            [(cx + s * 1.5, 6.7), (cx + s * 1.5, 3.6), (cx + s * 0.9, 2.4), (cx, 2.0)], (84, 152, 88), 0.34
        )
    blooms: tuple[Colour, ...] = ((255, 120, 160), (255, 160, 190), (250, 236, 240), (236, 92, 130))
    for i in range(26):
        a = math.pi * (1 + i / 25)
        x, y = cx + 1.5 * math.cos(a), 3.6 + 1.6 * math.sin(a)
        stage.mid.ellipse(x + stage.vary(-0.15, 0.15), y + stage.vary(-0.15, 0.15), 0.16, 0.16, blooms[i % 4])
    meadow(stage, 6.5, (150, 212, 104), (104, 172, 82), tufts=10)
    petals: tuple[Colour, ...] = ((255, 110, 150), (255, 176, 204), (250, 120, 96), (255, 214, 110), (196, 140, 232))
    for row, y in enumerate((6.75, 7.15, 8.8)):
        for i in range(19):
            x = -0.4 + i * 0.93 + stage.vary(-0.15, 0.15)
            if row == 2 and 3 < x < 13:
                continue
            size = 0.17 + 0.05 * row
            stage.near.stroke([(x, y + 0.35), (x, y)], (70, 140, 70), 0.06)
            for k in range(5):
                a = k * math.tau / 5
                stage.near.ellipse(
                    x + size * 0.7 * math.cos(a),
                    y + size * 0.7 * math.sin(a),
                    size * 0.6,
                    size * 0.6,
                    petals[(i + row) % 5],
                )
            stage.near.ellipse(x, y, size * 0.45, size * 0.45, (255, 238, 150))


def city(stage: Stage) -> None:
    """Tall houses with many windows, street lamps, pavement and a road with dashes."""
    for i in range(13):
        x, top = -0.6 + i * 1.4, stage.vary(1.8, 3.6)
        tone: Colour = ((164, 172, 204), (178, 168, 196), (150, 168, 196))[i % 3]
        stage.far.box(x, top, x + 1.3, 7, lighter(tone, 0.1), tone)
    x = -0.5
    fronts: tuple[Colour, ...] = (
        (196, 118, 104),
        (112, 130, 168),
        (206, 170, 130),
        (134, 118, 152),
        (160, 96, 92),
        (98, 138, 146),
    )
    order = stage.rng.permutation(6)
    i = 0
    while x < 16.4:
        wide, top = stage.vary(1.9, 2.5), stage.vary(0.7, 2.6)
        tone = fronts[order[i % 6]]
        stage.mid.box(x, top, x + wide - 0.08, 6.9, lighter(tone, 0.08), darker(tone, 0.16))
        stage.mid.box(x - 0.06, top - 0.12, x + wide - 0.02, top + 0.1, darker(tone, 0.35))
        for row in range(int((6.0 - top) / 0.95)):
            for k in range(3):
                stage.window(x + wide * (0.2 + 0.29 * k), top + 0.75 + row * 0.95, wide * 0.15, 0.46)
        x += wide
        i += 1
    stage.near.box(-1, 6.6, 17, 7.3, (196, 190, 192), (168, 162, 170))
    stage.near.box(-1, 7.25, 17, 7.4, (128, 122, 134))
    stage.near.box(-1, 7.4, 17, 9.5, (104, 104, 120), (78, 78, 96))
    for i in range(8):
        x = -0.3 + i * 2.3
        stage.near.shape([(x, 8.55), (x + 1.2, 8.55), (x + 1.16, 8.72), (x - 0.08, 8.72)], (246, 240, 214))
    for x in (1.0 + stage.vary(-0.3, 0.3), 15.0 + stage.vary(-0.3, 0.3)):
        stage.near.stroke([(x, 7.2), (x, 3.4)], (54, 56, 72), 0.13)
        stage.near.box(x - 0.26, 2.75, x + 0.26, 3.4, PANE)
        stage.near.shape([(x - 0.36, 2.78), (x, 2.4), (x + 0.36, 2.78)], (54, 56, 72))
        stage.glows.append(Glow(x, 3.1, 1.6, near=True))


def farm(stage: Stage) -> None:
    """A red barn with a silo, a windmill, and golden rows of wheat."""
    stage.far.shape(ridge(4.9, wave=0.35, phase=stage.vary(0, 6)), (178, 204, 112), (150, 184, 92))
    side = 1 if stage.vary(0, 1) < 0.5 else -1
    _barn(stage, 8 + side * stage.vary(4.3, 4.9), side)
    _windmill(stage, 8 - side * stage.vary(5.0, 5.6))
    gold: Colour = (244, 204, 92)
    stage.near.shape(ridge(6.6, wave=0.12, phase=stage.vary(0, 6)), lighter(gold, 0.1), (206, 150, 58))
    for i in range(25):
        x = -6 + i * 1.16
        stage.near.shape(
            [
                (8 + (x - 8) * 0.62, 6.75),
                (8 + (x - 8) * 0.64 + 0.1, 6.75),
                (8 + (x - 8) * 1.35 + 0.4, 9.4),
                (8 + (x - 8) * 1.35, 9.4),
            ],
            (222, 172, 72),
            (182, 126, 48),
        )
    for i in range(46):
        x = -0.5 + i * 0.37
        h = stage.vary(0.3, 0.55)
        stage.near.stroke([(x, 6.95), (x + 0.05, 6.95 - h)], (214, 166, 64), 0.05)
        stage.near.ellipse(x + 0.05, 6.9 - h, 0.07, 0.15, (255, 226, 126))


def _barn(stage: Stage, x: float, side: int) -> None:
    c = stage.mid
    c.box(x + side * 2.1 - 0.6, 2.9, x + side * 2.1 + 0.6, 6.9, (222, 222, 228), (176, 178, 190))
    c.ellipse(x + side * 2.1, 2.9, 0.6, 0.55, (170, 174, 188))
    red: Colour = (190, 60, 54)
    c.shape(
        [(x - 1.7, 6.9), (x - 1.7, 4.5), (x - 1.1, 3.3), (x, 2.6), (x + 1.1, 3.3), (x + 1.7, 4.5), (x + 1.7, 6.9)],
        lighter(red, 0.08),
        darker(red, 0.16),
    )
    c.stroke(
        [(x - 1.85, 4.55), (x - 1.15, 3.2), (x, 2.45), (x + 1.15, 3.2), (x + 1.85, 4.55)],
        (108, 70, 66),
        0.24,
        curved=False,
    )
    c.box(x - 0.7, 5.2, x + 0.7, 6.9, (250, 240, 226))
    c.box(x - 0.6, 5.3, x + 0.6, 6.9, darker(red, 0.1))
    c.stroke([(x - 0.6, 5.3), (x + 0.6, 6.9)], (250, 240, 226), 0.1)
    c.stroke([(x + 0.6, 5.3), (x - 0.6, 6.9)], (250, 240, 226), 0.1)
    stage.window(x, 4.2, 0.55, 0.6)


def _windmill(stage: Stage, x: float) -> None:
    c = stage.mid
    c.shape([(x - 0.75, 6.8), (x - 0.45, 3.5), (x + 0.45, 3.5), (x + 0.75, 6.8)], (252, 244, 228), (216, 200, 180))
    c.blob([(x - 0.55, 3.55), (x, 2.7), (x + 0.55, 3.55)], (150, 96, 76))
    start = stage.vary(0, 1.5)
    for k in range(4):
        a = start + k * math.pi / 2
        tip, out = (
            (x + 2.0 * math.cos(a), 3.4 + 2.0 * math.sin(a)),
            (0.34 * math.cos(a + 1.57), 0.34 * math.sin(a + 1.57)),
        )
        root = (x + 0.4 * math.cos(a), 3.4 + 0.4 * math.sin(a))
        c.shape(
            [root, tip, (tip[0] + out[0], tip[1] + out[1]), (root[0] + out[0], root[1] + out[1])],
            (250, 236, 206),
            (230, 206, 166),
        )
        c.stroke([(x, 3.4), tip], (122, 86, 66), 0.09)
    stage.window(x, 4.9, 0.3, 0.45)


BUILT = {"village": village, "castle": castle, "harbour": harbour, "garden": garden, "city": city, "farm": farm}
