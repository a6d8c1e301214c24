"""How an action moves an actor: where it is at a second, how it leans and stretches, and what floats around it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Pose:
    """One actor at one moment, in scene units: foot point, height over ground, lean (radians), stretch, facing."""

    x: float
    lift: float = 0.0
    angle: float = 0.0
    wide: float = 1.0
    tall: float = 1.0
    facing: int = 1
    swing: float = 0.0
    awake: bool = True


def pose(action: str, x: float, room: float, phase: float, t: float) -> Pose:
    """The pose at second `t` of a shot, for an actor whose place is `x` with `room` units to either side.

    Periods are chosen so that pictures one second apart differ: none is a whole number of seconds.
    """
    s = t + phase
    if action == "jumping":
        beat = (s / 1.45) % 1
        lift = 1.9 * 4 * beat * (1 - beat)
        press = max(0.0, 1 - 7 * min(beat, 1 - beat))
        return Pose(
            x, lift, wide=1 + 0.16 * press, tall=1 - 0.2 * press + 0.05 * (1 - press), swing=math.sin(beat * math.tau)
        )
    if action == "spinning":
        return Pose(x, 0.55, angle=s * math.tau / 2.7, swing=0.4)
    if action == "sleeping":
        breath = math.sin(s * math.tau / 3.4)
        return Pose(x, 0.0, angle=-0.16, wide=1.06 - 0.02 * breath, tall=0.78 + 0.045 * breath, awake=False)
    if action == "walking":
        reach = room
        leg = 4 * reach / 1.5
        u = (s * 1.0 % leg) / leg
        offset, facing = (4 * u - 1, 1) if u < 0.5 else (3 - 4 * u, -1)
        step = math.sin(s * math.tau * 1.35)
        return Pose(x + reach * offset, 0.1 * abs(step), angle=0.05 * step, facing=facing, swing=step)
    if action == "dancing":
        sway = math.sin(s * math.tau / 1.7)
        return Pose(x + 0.28 * sway, 0.12 * abs(sway), angle=0.4 * sway, tall=1 + 0.04 * abs(sway), swing=sway)
    loop = s * math.tau / 5.3
    return Pose(
        x + min(1.5, room) * math.sin(loop), 2.5 + 0.55 * math.sin(loop * 2 + 0.6), angle=0.16 * math.cos(loop),
        facing=1 if math.cos(loop) >= 0 else -1, swing=math.sin(s * math.tau * 1.15),
    )  # fmt: skip
