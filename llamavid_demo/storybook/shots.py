"""A pool of rendered shots at the model's size, from which any number of films is put together.

Pictures look as they will when a film file is read: drawn wide, squashed to the model's square, some of them worn by
compression.
"""

import io
import random
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter
from safetensors.numpy import load_file, save_file

from llamavid_demo.film.frame_format import FrameFormat, resize_frame
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.render import draw, draw_shot, labels
from llamavid_demo.storybook.world import (
    ACTIONS,
    COLOURS,
    PLACES,
    THINGS,
    TIMES,
    WEATHERS,
    Actor,
    Script,
    Shot,
)

WIDE = (224, 126)  # drawn size, 16:9
SECONDS = 8  # longest that a shot of the pool is shown
MOST_ACTORS = 3

Scenery = dict[tuple[str, str, str], list[tuple[int, Shot]]]


@dataclass(frozen=True)
class ShotPool:
    """Shots with `frames` (S, F, h, w, 3) uint8 of each, their `boxes` (S, F, actors, 4) and seconds `times` (S, F).

    A box is (left, top, right, bottom) in shares of the picture, in the order of the shot's actors; zeros: nobody.
    """

    shots: tuple[Shot, ...]
    times: np.ndarray
    frames: np.ndarray
    boxes: np.ndarray


def render_pool(count: int, format: FrameFormat, *, seed: str, frames: int, workers: int = 1) -> ShotPool:
    """Draw `count` shots by chance, `frames` pictures each; the same seed gives the same pool."""
    jobs = [(f"{seed}/{i}", format, frames) for i in range(count)]
    if workers == 1:
        made = [_render_shot(job) for job in jobs]
    else:
        with get_context("fork").Pool(workers) as processes:
            made = processes.map(_render_shot, jobs, chunksize=16)
    shots, times, pictures, boxes = zip(*made, strict=True)
    return ShotPool(tuple(shots), np.stack(times), np.stack(pictures), np.stack(boxes))


def save_pool(pool: ShotPool, path: Path) -> None:
    """Write a pool to one safetensors file."""
    script = np.frombuffer(Script("pool", pool.shots).to_json().encode(), np.uint8)
    part = path.with_suffix(".part")
    save_file({"script": script.copy(), "times": pool.times, "frames": pool.frames, "boxes": pool.boxes}, str(part))
    part.replace(path)


def load_pool(path: Path) -> ShotPool:
    """Read what `save_pool` wrote."""
    arrays = load_file(str(path))
    shots = Script.from_json(arrays["script"].tobytes().decode()).shots
    return ShotPool(shots, arrays["times"], arrays["frames"], arrays["boxes"])


def kept_pool(path: Path, count: int, format: FrameFormat, *, seed: str, frames: int, workers: int) -> ShotPool:
    """The pool in a file; it is drawn if there is none yet."""
    if not path.is_file():
        save_pool(render_pool(count, format, seed=seed, frames=frames, workers=workers), path)
    return load_pool(path)


def film_frames(script: Script, format: FrameFormat) -> np.ndarray:
    """The frames (T, h, w, 3) that a model reads of a film: one a second, in the model's shape."""
    times = range(int(np.ceil(script.duration)))
    return np.stack([resize_frame(draw(script, float(t), *WIDE), format) for t in times])


def film_from_pool(by_scenery: Scenery, rng: random.Random, kind: FilmKind) -> tuple[Script, list[int]]:
    """A film by chance whose every shot shows what a shot of the pool shows, with those shots' numbers.

    Place, time and weather are the film's own; who plays is the pool's, as close to the film's company as it has.
    """
    script = random_script(rng, kind)
    weights = {thing: rng.gauss(0, 1.5) for thing in rng.sample(THINGS, rng.randint(5, len(THINGS)))}
    faithful = rng.random() < 0.7
    colours: dict[str, str] = {}
    chosen: list[int] = []
    shots: list[Shot] = []
    for shot in script.shots:
        candidates = by_scenery.get((shot.place, shot.time, shot.weather)) or rng.choice(list(by_scenery.values()))
        tried = rng.sample(candidates, min(24, len(candidates)))
        fits = [_fitness(shown.actors, weights, colours if faithful else {}) + rng.gauss(0, 1) for _, shown in tried]
        number, shown = tried[fits.index(max(fits))]
        colours = {actor.thing: actor.colour for actor in shown.actors} | colours
        chosen.append(number)
        seen = replace(shown, seconds=shot.seconds, lines=shot.lines)
        shots.append(seen)
    return Script(script.title, tuple(shots)), chosen


def _fitness(actors: tuple[Actor, ...], weights: dict[str, float], colours: dict[str, str]) -> float:
    """How well actors fit a film: things that it has often are better, other colours than before are bad."""
    wrong = sum(colours.get(actor.thing, actor.colour) != actor.colour for actor in actors)
    return sum(weights.get(actor.thing, -4.0) for actor in actors) - 5.0 * wrong


def by_scenery(shots: tuple[Shot, ...]) -> Scenery:
    """Numbered shots of a pool by place, time and weather."""
    found: Scenery = {}
    for number, shot in enumerate(shots):
        found.setdefault((shot.place, shot.time, shot.weather), []).append((number, shot))
    return found


def _render_shot(job: tuple[str, FrameFormat, int]) -> tuple[Shot, np.ndarray, np.ndarray, np.ndarray]:
    seed, format, count = job
    rng = random.Random(seed)  # noqa: S311 - chance, not secrecy
    shot = _varied_shot(rng)
    script = Script("", (shot,))
    times = sorted(rng.uniform(0, SECONDS) for _ in range(count))
    pictures, boxes = [], np.zeros((count, MOST_ACTORS, 4), np.float32)
    for row, t in enumerate(times):
        pictures.append(worn(resize_frame(draw_shot(shot, t, *WIDE), format), rng))
        for column, (_, box) in enumerate(labels(script, t)):
            boxes[row, column] = box
    return shot, np.array(times, np.float32), np.stack(pictures), boxes


def _varied_shot(rng: random.Random) -> Shot:
    """Every combination is as likely as any other."""
    things = rng.sample(THINGS, rng.choice((1, 1, 2, 2, 2, 3)))
    actors = tuple(Actor(thing, rng.choice(COLOURS), rng.choice(ACTIONS)) for thing in things)
    return Shot(
        rng.choice(PLACES),
        rng.choice(TIMES),
        rng.choice(WEATHERS),
        actors,
        float(SECONDS),
        seed=rng.randrange(1 << 30),
    )


def worn(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Half of the pictures as they are, half as after compression: JPEG, a little blur, another brightness."""
    if rng.random() < 0.5:
        return rgb
    picture = Image.fromarray(rgb)
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8)))
    if rng.random() < 0.4:
        picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.88, 1.12))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=rng.randint(40, 95))
    return np.asarray(Image.open(file))
