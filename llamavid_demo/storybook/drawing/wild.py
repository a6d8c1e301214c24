"""Places without houses: beach, forest, desert, mountain, cave and lake."""

import math

from llamavid_demo.storybook.drawing.canvas import Colour, darker, lighter
from llamavid_demo.storybook.drawing.stage import Glow, Stage, fir, meadow, ridge


def beach(stage: Stage) -> None:
    """Turquoise sea, a wide strip of sand and palms."""
    far, near = stage.far, stage.near
    far.box(-1, 5.0, 17, 9, (38, 170, 196), (130, 224, 220))
    island = stage.vary(4, 12)
    far.blob(
        [(island - 2, 5.05), (island - 0.8, 4.5), (island + 0.5, 4.35), (island + 2, 5.05)],
        (86, 160, 150),
        (110, 176, 160),
    )
    stage.water = (-0.5, 5.15, 16.5, 6.7)
    foam = [(x, 6.75 + 0.16 * math.sin(x * 1.1 + stage.vary(0, 0.6))) for x in range(-1, 19)]
    stage.mid.shape([*[(x, y - 0.16) for x, y in foam], (18, 9.5), (-1, 9.5)], (240, 252, 250))
    near.shape([*foam, (18, 9.5), (-1, 9.5)], (255, 232, 168), (236, 190, 112))
    for _ in range(34):
        x, y = stage.vary(-0.4, 16.4), stage.vary(7.2, 8.9)
        near.ellipse(x, y, 0.06, 0.03, (214, 168, 96) if stage.vary(0, 1) < 0.6 else (255, 246, 214))
    side = 1 if stage.vary(0, 1) < 0.5 else -1
    _palm(stage, 8 + side * 7.1, 7.4, 5.4, -side)
    _palm(stage, 8 - side * 7.6, 7.3, 4.2, side)
    x = 8 - side * stage.vary(3, 6)
    near.blob(
        [
            (
                x + 0.3 * (1 if i % 2 else 0.45) * math.cos(i * 0.628),
                8.5 + 0.24 * (1 if i % 2 else 0.45) * math.sin(i * 0.628),
            )
            for i in range(10)
        ],
        (255, 150, 110),
    )


def _palm(stage: Stage, x: float, y: float, size: float, lean: int) -> None:
    top = (x + lean * size * 0.22, y - size)
    trunk = [(x, y), (x + lean * size * 0.05, y - size * 0.5), top]
    stage.near.stroke(trunk, (150, 104, 66), size * 0.065)
    stage.near.stroke([(px - 0.06, py) for px, py in trunk], (184, 134, 86), size * 0.022)
    for i, angle in enumerate((-2.9, -2.3, -1.5, -0.8, -0.2, 0.35, 2.8)):
        reach = size * (0.42 if i % 2 else 0.36)
        tip = (top[0] + math.cos(angle) * reach, top[1] + math.sin(angle) * reach * 0.7 + size * 0.14)
        knee = ((top[0] + tip[0]) / 2, (top[1] + tip[1]) / 2 - size * 0.13)
        wide = (knee[0], knee[1] + size * 0.09)
        tone = (52, 150, 84) if i % 2 else (36, 124, 78)
        stage.near.blob([top, knee, tip, wide], lighter(tone, 0.15), darker(tone, 0.15))
    for dx in (-0.05, 0.05):
        stage.near.ellipse(top[0] + dx * size, top[1] + size * 0.05, size * 0.04, size * 0.045, (116, 72, 44))


def forest(stage: Stage) -> None:
    """Tall trunks, dark crowns that close over the picture, ferns and mushrooms."""
    stage.far.shape(ridge(3.4, wave=0.5, phase=stage.vary(0, 6)), (92, 148, 104), (58, 118, 84))
    for i in range(12):
        x = -0.5 + i * 1.5 + stage.vary(-0.3, 0.3)
        fir(stage.far, x, 6.4, stage.vary(3.0, 4.2), (66, 128, 92))
    for i in range(7):
        x = -0.4 + i * 2.8 + stage.vary(-0.5, 0.5)
        _trunk(stage, x, stage.vary(0.34, 0.5))
    meadow(stage, 6.5, (70, 120, 62), (34, 72, 46), tufts=40)
    crown: Colour = (34, 98, 62)
    for i in range(11):
        x = -0.5 + i * 1.75
        r = stage.vary(1.0, 1.45)
        stage.near.ellipse(x, -0.3 + stage.vary(-0.2, 0.2), r * 1.2, r, lighter(crown, 0.1), darker(crown, 0.25))
    for side in (-0.3, 16.3):
        x = side + stage.vary(-0.2, 0.2)
        stage.near.shape(
            [(x - 1.0, 9.5), (x - 0.6, 6.5), (x - 0.5, -0.5), (x + 0.5, -0.5), (x + 0.6, 6.5), (x + 1.0, 9.5)],
            (84, 58, 46),
            (58, 40, 36),
        )
    for x in (stage.vary(1.6, 3), stage.vary(12.6, 14.4)):
        stage.near.box(x - 0.1, 7.0, x + 0.1, 7.4, (246, 232, 210))
        stage.near.blob([(x - 0.38, 7.05), (x, 6.6), (x + 0.38, 7.05), (x, 7.1)], (216, 70, 60), (180, 44, 48))
        stage.near.ellipse(x - 0.1, 6.88, 0.06, 0.05, (255, 240, 225))
        stage.near.ellipse(x + 0.14, 6.94, 0.05, 0.04, (255, 240, 225))


def _trunk(stage: Stage, x: float, half: float) -> None:
    bark: Colour = (104, 74, 54)
    stage.mid.shape(
        [
            (x - half * 1.5, 7.2),
            (x - half, 6.4),
            (x - half * 0.8, -0.5),
            (x + half * 0.8, -0.5),
            (x + half, 6.4),
            (x + half * 1.5, 7.2),
        ],
        darker(bark, 0.1),
        darker(bark, 0.3),
    )
    stage.mid.shape(
        [(x - half * 0.9, 6.6), (x - half * 0.7, -0.5), (x - half * 0.3, -0.5), (x - half * 0.35, 6.6)],
        lighter(bark, 0.14),
    )
    stage.mid.ellipse(x + half * 0.1, stage.vary(2.5, 4.5), half * 0.3, half * 0.42, darker(bark, 0.5))


def desert(stage: Stage) -> None:
    """Orange dunes, pyramids and cacti."""
    base = stage.vary(3.5, 12)
    for dx, size in ((0.0, 2.6), (2.6, 1.7)):
        x = base + dx
        stage.far.shape([(x - size, 6.2), (x, 6.2 - size * 1.15), (x + size, 6.2)], (242, 186, 110), (224, 156, 84))
        stage.far.shape(
            [(x + size * 0.2, 6.2), (x, 6.2 - size * 1.15), (x + size, 6.2)], (196, 126, 72), (178, 108, 64)
        )
    stage.far.shape(ridge(5.6, wave=0.35, phase=stage.vary(0, 6)), (246, 184, 100), (230, 150, 74))
    stage.mid.shape(ridge(6.1, wave=0.5, phase=stage.vary(0, 6)), (244, 168, 84), (222, 132, 62))
    stage.near.shape(ridge(6.9, wave=0.22, phase=stage.vary(0, 6)), (250, 180, 92), (216, 122, 56))
    for i in range(9):
        x, y = stage.vary(0, 15), stage.vary(7.3, 8.8)
        stage.near.stroke(
            [(x, y), (x + 0.7, y - 0.08), (x + 1.5, y + 0.02)], (226, 142, 70) if i % 2 else (255, 200, 122), 0.05
        )
    for x, y, s in ((stage.vary(0.4, 1.4), 7.1, 2.9), (stage.vary(14.4, 15.6), 7.0, 2.3)):
        _cactus(stage, x, y, s)


def _cactus(stage: Stage, x: float, y: float, s: float) -> None:
    tone: Colour = (66, 140, 84)
    for dx, low, high in ((-0.28, 0.35, 0.66), (0.28, 0.48, 0.8)):
        stage.near.stroke(
            [(x, y - s * low), (x + s * dx, y - s * low), (x + s * dx, y - s * high)], tone, s * 0.14, curved=False
        )
    stage.near.stroke([(x, y), (x, y - s * 0.95)], tone, s * 0.2)
    stage.near.stroke([(x - s * 0.04, y - s * 0.05), (x - s * 0.04, y - s * 0.93)], lighter(tone, 0.22), s * 0.04)
    stage.near.ellipse(x, y - s * 1.04, s * 0.08, s * 0.07, (244, 108, 140))


def mountain(stage: Stage) -> None:
    """Grey-blue peaks under snow, with firs before them."""
    shift = stage.vary(-0.8, 0.8)
    for x, height, half in ((2.2, 5.3, 3.9), (13.6, 5.0, 3.9), (7.9, 6.4, 4.6)):
        _peak(stage, x + shift, height, half)
    stage.mid.shape(ridge(6.4, wave=0.35, phase=stage.vary(0, 6)), (122, 146, 160), (92, 116, 132))
    for i in range(11):
        x = 0.1 + i * 1.6 + stage.vary(-0.3, 0.3)
        if abs(x - 8) > 3 or i % 2:
            fir(stage.mid, x, 6.9 + stage.vary(-0.2, 0.2), stage.vary(1.3, 2.1), (52, 96, 96))
    meadow(stage, 7.0, (140, 156, 150), (92, 108, 116), tufts=14)
    for _ in range(9):
        x, y = stage.vary(0, 16), stage.vary(7.3, 8.9)
        r = stage.vary(0.14, 0.34)
        stage.near.blob(
            [(x - r, y), (x - r * 0.5, y - r * 0.8), (x + r * 0.5, y - r * 0.7), (x + r, y), (x, y + r * 0.2)],
            (176, 184, 192),
            (116, 124, 138),
        )


def _peak(stage: Stage, x: float, height: float, half: float) -> None:
    top = 7 - height
    stage.far.shape([(x - half, 7.4), (x, top), (x + half, 7.4)], (138, 156, 190), (104, 126, 158))
    stage.far.shape(
        [
            (x, top),
            (x + half, 7.4),
            (x + half * 0.2, 7.4),
            (x - half * 0.06, top + height * 0.45),
            (x + half * 0.1, top + height * 0.25),
        ],
        (98, 114, 154),
        (82, 102, 138),
    )

    def slope(dx: float, dy: float) -> tuple[float, float]:
        return (x + half * dx, top + height * dy)

    stage.far.shape(
        [
            slope(0, 0),
            slope(0.36, 0.34),
            slope(0.2, 0.3),
            slope(0.1, 0.42),
            slope(-0.02, 0.3),
            slope(-0.14, 0.44),
            slope(-0.24, 0.32),
            slope(-0.36, 0.35),
        ],
        (255, 255, 255),
        (226, 236, 250),
    )
    stage.far.shape(
        [slope(0, 0), slope(0.36, 0.34), slope(0.2, 0.3), slope(0.1, 0.42), slope(0.04, 0.2)],
        (206, 218, 240),
        (188, 204, 232),
    )


def cave(stage: Stage) -> None:
    """From inside: dark rock all round, crystals, and the sky in the opening."""
    stage.inside = True
    stage.far.shape(ridge(5.4, wave=0.3, phase=stage.vary(0, 6)), (120, 168, 130), (88, 140, 110))
    for i in range(5):
        fir(stage.far, 4.4 + i * 1.8 + stage.vary(-0.3, 0.3), 6.3, stage.vary(1.2, 1.9), (70, 124, 100))
    cx = 8 + stage.vary(-0.8, 0.8)
    for layer, grow, tone in ((stage.mid, 0.0, (112, 92, 104)), (stage.near, 0.55, (74, 60, 78))):
        hole = [
            (
                cx + (4.3 + grow) * math.cos(a) * (1 + 0.06 * math.sin(a * 5 + grow * 4)),
                5.0 + (3.6 + grow) * math.sin(a) * (1 + 0.05 * math.sin(a * 7)),
            )
            for a in [math.pi + i * math.pi / 16 for i in range(17)]
        ]
        ring = [
            (-1, 9.5),
            (-1, -0.5),
            (17, -0.5),
            (17, 9.5),
            (cx + 4.3 + grow, 9.5),
            *reversed(hole),
            (cx - 4.3 - grow, 9.5),
        ]
        layer.shape(ring, lighter(tone, 0.05), darker(tone, 0.25))
    stage.near.shape(ridge(6.6, wave=0.12, phase=stage.vary(0, 6)), (112, 92, 106), (58, 46, 64))
    for i in range(9):
        x = -0.2 + i * 2.05 + stage.vary(-0.4, 0.4)
        length = stage.vary(0.5, 1.2) + (0.9 if abs(x - 8) > 4.6 else 0)
        stage.near.shape([(x - 0.36, -0.3), (x + 0.36, -0.3), (x + 0.03, length)], (92, 76, 94), (56, 44, 62))
    for x, y in (
        (stage.vary(0.5, 1.6), 6.8),
        (stage.vary(14.2, 15.4), 6.8),
        (stage.vary(0.6, 1.8), 3.4),
        (stage.vary(14.2, 15.4), 3.9),
    ):
        for lean, size in ((-0.3, 0.6), (0.25, 0.75), (0.0, 1.05)):
            tip = (x + lean * size, y - size)
            stage.near.shape(
                [
                    (x - 0.15 + lean * 0.4, y),
                    (tip[0] - 0.12, tip[1] + 0.22),
                    tip,
                    (tip[0] + 0.12, tip[1] + 0.22),
                    (x + 0.15 + lean * 0.4, y),
                ],
                (180, 246, 248),
                (96, 170, 226),
            )
        stage.glows.append(Glow(x, y - 0.5, 0.9, near=True))


def lake(stage: Stage) -> None:
    """A still sheet of water between fir banks, with reeds and water lilies."""
    stage.far.shape(ridge(4.3, wave=0.6, phase=stage.vary(0, 6)), (108, 164, 150), (84, 144, 134))
    for i in range(16):
        x = -0.4 + i * 1.12 + stage.vary(-0.2, 0.2)
        fir(stage.far, x, 5.3, stage.vary(1.0, 1.9), (54, 116, 102))
    stage.mid.box(-1, 5.2, 17, 9, (64, 128, 186), (96, 174, 214))
    for i in range(16):
        x = -0.4 + i * 1.12
        stage.mid.shape(
            [(x - 0.34, 5.2), (x + 0.34, 5.2), (x, 5.9 + 0.3 * math.sin(i * 2.1))], (52, 108, 144), (64, 126, 174)
        )
    stage.water, stage.water_on_mid = (-0.5, 5.4, 16.5, 7.6), True
    for _ in range(7):
        x, y = stage.vary(0.5, 15.5), stage.vary(6.2, 7.1)
        stage.mid.ellipse(x, y, 0.42, 0.13, (96, 178, 104))
        stage.mid.ellipse(x + 0.08, y - 0.08, 0.14, 0.09, (255, 196, 214))
    bank = [(-1, 7.3), (2, 7.5), (5, 7.75), (8, 7.8), (11, 7.75), (14, 7.45), (17.4, 7.3)]
    stage.near.shape(ridge(0, bank), (120, 176, 96), (66, 124, 72))
    for x in (*[stage.vary(-0.3, 1.8) for _ in range(7)], *[stage.vary(14.2, 16.3) for _ in range(7)]):
        h = stage.vary(1.2, 2.3)
        lean = stage.vary(-0.2, 0.2)
        stage.near.stroke([(x, 7.7), (x + lean * 0.5, 7.7 - h * 0.6), (x + lean, 7.7 - h)], (74, 132, 74), 0.08)
        stage.near.stroke([(x + lean * 0.9, 7.7 - h * 0.82), (x + lean, 7.7 - h)], (122, 76, 48), 0.17)


WILD = {"beach": beach, "forest": forest, "desert": desert, "mountain": mountain, "cave": cave, "lake": lake}
