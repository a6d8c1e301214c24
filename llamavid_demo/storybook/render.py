"""Draws a script: the picture at any second, at any size, and where its actors are.

Scene units: a picture is 16 wide and 9 high, whatever its pixels, so a square picture is the same scene squashed.
"""

from functools import lru_cache

import numpy as np

from llamavid_demo.storybook.drawing.cast import actor_boxes, draw_cast
from llamavid_demo.storybook.drawing.scenery import Scenery, paint_scenery
from llamavid_demo.storybook.world import Actor, Script, Shot

DRIFT = 0.7  # units that the near layer travels in a shot

Box = tuple[float, float, float, float]


@lru_cache(maxsize=6)
def _scenery(place: str, time: str, weather: str, seed: int, width: int, height: int) -> Scenery:
    return paint_scenery(place, time, weather, seed, (width, height))


def _drift(shot: Shot, t: float) -> float:
    """Where the camera is, in units: from one side to the other in the course of the shot."""
    share = min(1.0, max(0.0, t / shot.seconds)) - 0.5
    return DRIFT * share * (1 if shot.seed % 2 else -1)


def draw(script: Script, t: float, width: int, height: int) -> np.ndarray:
    """The picture (height, width, 3) uint8 RGB at film second `t`; the scene is the same at every size."""
    index = script.index_at(t)
    return draw_shot(script.shots[index], t - script.starts[index], width, height)


def draw_shot(shot: Shot, t: float, width: int, height: int) -> np.ndarray:
    """The picture (height, width, 3) uint8 RGB at second `t` of one shot."""
    scenery = _scenery(shot.place, shot.time, shot.weather, shot.seed, width, height)
    drift = _drift(shot, t)
    frame = scenery.behind(drift, t)
    draw_cast(frame, shot, t, drift)
    scenery.over(frame, t)
    return np.asarray(frame)


def labels(script: Script, t: float) -> list[tuple[Actor, Box]]:
    """Who is on screen at film second `t`, with boxes (left, top, right, bottom) in shares of the picture."""
    index = script.index_at(t)
    shot, local = script.shots[index], t - script.starts[index]
    return actor_boxes(shot, local, _drift(shot, local))
