"""The actors of a shot: where they stand, how they move, and what surrounds them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from llamavid_demo.storybook.drawing import sky
from llamavid_demo.storybook.drawing.affine import Placed, box_of, place
from llamavid_demo.storybook.drawing.creatures import CREATURES
from llamavid_demo.storybook.drawing.moves import Pose, pose
from llamavid_demo.storybook.drawing.objects import OBJECTS
from llamavid_demo.storybook.drawing.props import prop
from llamavid_demo.storybook.drawing.sprites import HEIGHT, LEFT, TOP, WIDTH, Sprite, sprite
from llamavid_demo.storybook.world import Actor, Shot

FIGURES: dict[str, Callable[[Sprite], None]] = {**CREATURES, **OBJECTS}
HALF = {1: 1.95, 2: 1.8, 3: 1.5}  # half an actor's height in scene units, by how many there are


@dataclass(frozen=True)
class Stand:
    """Where an actor belongs in the picture: its foot, half its height, its room to move, its own beat."""

    actor: Actor
    x: float
    foot: float
    half: float
    room: float
    phase: float
    facing: int


def stands(shot: Shot) -> list[Stand]:
    """The layout of a shot, by its seed."""
    rng = np.random.default_rng(shot.seed + 7)
    count = max(1, len(shot.actors))
    width = 16 / count
    found = []
    for i, actor in enumerate(shot.actors):
        half = HALF.get(count, 1.3) * rng.uniform(0.92, 1.06)
        slack = max(0.3, width / 2 - half * 1.25)
        x = (i + 0.5) * width + rng.uniform(-0.45, 0.45) * slack
        x = min(max(x, half * 1.25), 16 - half * 1.25)
        room = max(0.5, min(slack, 2.6, x - half * 1.1, 16 - half * 1.1 - x))
        foot = 8.35 + rng.uniform(-0.3, 0.2)
        found.append(Stand(actor, x, foot, half, room, float(rng.uniform(0, 6)), 1 if rng.random() < 0.5 else -1))
    return found


def _placed(stand: Stand, now: Pose, drift: float) -> tuple[Placed, tuple[float, float]]:
    """Where the sprite goes, and its pivot: the middle for a spin, else the foot."""
    wide, tall = stand.half * now.wide * now.facing * _side(stand), stand.half * now.tall
    if stand.actor.action in ("spinning", "flying"):
        middle = stand.foot - now.lift - stand.half
        return Placed(now.x + drift, middle, now.angle, wide, tall), (-LEFT, -TOP)
    return Placed(now.x + drift, stand.foot - now.lift, now.angle, wide, tall), (-LEFT, 1 - TOP)


def _side(stand: Stand) -> int:
    return 1 if stand.actor.action in ("walking", "flying") else stand.facing


def draw_cast(frame: Image.Image, shot: Shot, t: float, drift: float) -> None:
    """Draws all actors of a shot onto an RGB frame at second `t` of the shot."""
    sx, sy = frame.width / 16, frame.height / 9
    dense = max(sx, sy)
    for stand in sorted(stands(shot), key=lambda s: s.foot):
        now = pose(stand.actor.action, stand.x, stand.room, stand.phase, t)
        shadow = prop("shadow", _step(dense))
        spread = stand.half * (1.15 - 0.13 * now.lift)
        place(
            frame,
            shadow,
            Placed(now.x + drift, stand.foot - 0.02, 0, spread, 0.24),
            (1, 1),
            _density(shadow),
            opacity=max(0.16, 0.45 - 0.1 * now.lift),
        )
        _surround(frame, stand, now, t + stand.phase, drift, dense, behind=True)
        swing = round(now.swing * 2) / 2
        half = HALF.get(len(shot.actors), 1.3)
        scale = round(half * dense)
        figure = sprite(FIGURES[stand.actor.thing], stand.actor.colour, scale, swing, now.awake)
        if shot.time != "noon":
            figure = _tint(figure, shot.time)
        placed, pivot = _placed(stand, now, drift)
        place(frame, figure, placed, pivot, (figure.width / WIDTH, figure.height / HEIGHT))
        _surround(frame, stand, now, t + stand.phase, drift, dense, behind=False)


def _step(scale: float) -> float:
    """Props are shared between frames, so their scale is kept to a few values."""
    return float(max(4, round(scale)))


def _density(picture: Image.Image) -> tuple[float, float]:
    return picture.width / 2, picture.height / 2


def _tint(figure: Image.Image, time: str) -> Image.Image:
    """A little of the light of the day; far less than on the land, so that colours stay what they are."""
    r, g, b = sky.LIGHTS[time].actors
    table = [int(i * r) for i in range(256)] + [int(i * g) for i in range(256)] + [int(i * b) for i in range(256)]
    return figure.point(table + list(range(256)))


def _surround(
    frame: Image.Image, stand: Stand, now: Pose, s: float, drift: float, dense: float, *, behind: bool
) -> None:
    """What makes an action readable in one picture; `s` is the actor's own time."""
    action, half, x = stand.actor.action, stand.half, now.x + drift

    def put(
        kind: str, u: float, v: float, size: float, angle: float = 0.0, *, mirror: int = 1, opacity: float = 1.0
    ) -> None:
        picture = prop(kind, _step(dense * size))
        place(frame, picture, Placed(x + u, v, angle, size * mirror, size), (1, 1), _density(picture), opacity=opacity)

    middle = stand.foot - now.lift - half
    if behind and action == "flying":
        flap = 0.55 * math.sin(s * math.tau * 1.15)
        for side in (-1, 1):
            put(
                "wing",
                side * half * 1.12,
                middle - half * (0.28 + 0.35 * flap),
                half * 0.72,
                -side * (0.3 + flap),
                mirror=side,
            )
    if not behind and action == "spinning":
        put("swirl", 0, middle, half * 1.32, s * math.tau / 2.7 * 1.3, opacity=0.8)
    if behind and action == "jumping":
        put("spring", 0, stand.foot - 0.12, half * 0.62, opacity=min(1.0, 0.25 + now.lift))
    if behind and action == "walking":
        for k in range(3):
            age = (s * 1.35 + k / 3) % 1
            put(
                "puff",
                -now.facing * half * (0.75 + 0.55 * age),
                stand.foot - 0.14 - 0.3 * age,
                0.2 + 0.3 * age,
                opacity=0.85 * (1 - age),
            )
    if not behind and action == "dancing":
        for k in range(3):
            age = (s * 0.42 + k / 3) % 1
            put(
                "note",
                half * (1.0 if k % 2 else -1.0) * (0.9 + 0.2 * math.sin(age * 6)),
                stand.foot - half * (1.3 + 1.1 * age),
                half * 0.24,
                0.3 * math.sin(age * 9),
                opacity=min(1.0, 4 * age, 3 * (1 - age)),
            )
    if not behind and action == "sleeping":
        for k in range(3):
            age = (s * 0.3 + k / 3) % 1
            put(
                "zed",
                half * (0.55 + 0.75 * age),
                stand.foot - half * (1.55 + 0.95 * age),
                half * (0.1 + 0.16 * age),
                0.2 * math.sin(age * 7),
                opacity=min(1.0, 5 * age, 3 * (1 - age)),
            )


def actor_boxes(shot: Shot, t: float, drift: float) -> list[tuple[Actor, tuple[float, float, float, float]]]:
    """Each actor with its box (left, top, right, bottom) in shares of the picture, in the order of the shot."""
    found = []
    for stand in stands(shot):
        now = pose(stand.actor.action, stand.x, stand.room, stand.phase, t)
        placed, (_, pivot_y) = _placed(stand, now, drift)
        centre = -TOP - pivot_y
        x0, y0, x1, y1 = box_of(placed, (-1.1, centre - 1.15, 1.1, centre + 1.0))
        box = (max(0.0, x0 / 16), max(0.0, y0 / 9), min(1.0, x1 / 16), min(1.0, y1 / 9))
        found.append((stand.actor, box))
    return found
