import numpy as np
import pytest
from PIL import Image

from llamavid_demo.storybook.drawing.sprites import TONES
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.render import draw, labels
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, Actor, Script, Shot
from tests.storybook.conftest import chance


def film(*actors: Actor, place: str = "farm", time: str = "noon", weather: str = "clear", seed: int = 4) -> Script:
    return Script("A shot", (Shot(place, time, weather, actors, 8.0, seed=seed),))


def nearest_colour(pixels: np.ndarray) -> str:
    """The colour word that most pixels (n, 3) are closest to."""
    tones = np.array([TONES[c] for c in COLOURS], dtype=np.float32)
    distance = ((pixels[:, None].astype(np.float32) - tones) ** 2).sum(-1)
    return COLOURS[np.bincount(distance.argmin(1), minlength=len(COLOURS)).argmax()]


def test_a_picture_has_the_size_that_was_asked_for() -> None:
    script = random_script(chance(3), FilmKind(scenes=(2, 2)))
    for width, height in ((112, 112), (224, 126), (640, 360)):
        picture = draw(script, 1.0, width, height)
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8


def test_the_same_second_is_the_same_picture_whatever_was_drawn_before() -> None:
    script = random_script(chance(4), FilmKind(scenes=(3, 3), actors=(2, 3)))
    first = draw(script, 2.5, 224, 126).copy()
    for t in range(int(script.duration)):
        draw(script, t, 224, 126)
    assert np.array_equal(draw(script, 2.5, 224, 126), first)


@pytest.mark.parametrize("place", PLACES)
def test_small_and_large_pictures_show_the_same_scene(place: str) -> None:
    def difference() -> np.ndarray:
        script = film(Actor("owl", "red", "walking"), Actor("car", "blue", "flying"), place=place)
        large = Image.fromarray(draw(script, 1.5, 640, 360)).resize((112, 112), Image.Resampling.BOX)
        return draw(script, 1.5, 112, 112).astype(np.float32) - np.asarray(large)

    assert np.abs(difference()).mean() < 10


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_shows_between_neighbouring_seconds(action: str) -> None:
    script = film(Actor("robot", "purple", action))
    for t in range(4):
        a, b = (draw(script, s, 112, 112).astype(np.float32) for s in (t, t + 1))
        moved = np.abs(a - b).max(axis=2) > 40
        assert moved.mean() > (0.004 if action == "sleeping" else 0.02)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("colour", COLOURS)
def test_a_ball_keeps_its_colour_at_every_time_of_day(time: str, colour: str) -> None:
    script = film(Actor("ball", colour, "walking"), time=time)
    picture = draw(script, 2.0, 640, 360)
    ((_, (left, top, right, bottom)),) = labels(script, 2.0)
    x, y = (left + right) / 2 * 640, (top * 0.2 + bottom * 0.8) * 360
    spot = picture[int(y) - 8 : int(y) + 8, int(x) - 12 : int(x) + 12].reshape(-1, 3)
    assert nearest_colour(spot) == colour


@pytest.mark.parametrize("thing", THINGS)
def test_the_box_holds_the_actor_and_little_else(thing: str) -> None:
    with_actor, without = film(Actor(thing, "red", "dancing")), film()
    changed = np.abs(draw(with_actor, 1.0, 320, 180).astype(int) - draw(without, 1.0, 320, 180)).max(axis=2) > 30
    ((actor, (left, top, right, bottom)),) = labels(with_actor, 1.0)
    assert actor.thing == thing
    inside = changed[int(top * 180) : int(bottom * 180) + 1, int(left * 320) : int(right * 320) + 1]
    assert inside.sum() > 0.75 * changed.sum()
    assert inside.mean() > 0.3


@pytest.mark.parametrize("weather", ["rain", "snow", "fog"])
def test_weather_moves_and_changes_the_picture(weather: str) -> None:
    clear, wet = film(), film(weather=weather)
    assert np.abs(draw(clear, 1.0, 224, 126).astype(int) - draw(wet, 1.0, 224, 126)).mean() > 8
    assert not np.array_equal(draw(wet, 1.0, 224, 126), draw(wet, 2.0, 224, 126))


def test_a_cut_shows_the_new_shot() -> None:
    one, two = film(place="beach").shots[0], film(place="cave").shots[0]
    script = Script("A cut", (one, two))
    assert np.array_equal(draw(script, 8.0, 112, 112), draw(Script("Alone", (two,)), 0.0, 112, 112))
