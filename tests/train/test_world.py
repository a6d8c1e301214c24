import random
from itertools import pairwise

import pytest

from llamavid_demo.train import world
from llamavid_demo.train.world import Actor, Line, Script, Shot, random_script


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 -- a film by chance, not a secret


def test_a_script_survives_json() -> None:
    script = random_script(chance(1), shots=9, actors=(1, 3), lines=(0, 3))
    assert Script.from_json(script.to_json()) == script


def test_a_word_from_another_world_is_named() -> None:
    strange = Script("x", (Shot("moon", "noon", "clear", (), 3.0),))
    with pytest.raises(ValueError, match="'moon' is not of this world"):
        Script.from_json(strange.to_json())


def test_cues_are_in_film_seconds_with_their_speaker() -> None:
    shots = (
        Shot("beach", "noon", "clear", (Actor("cat", "red", "walking", "Mia"),), 5.0),
        Shot("lake", "noon", "clear", (), 4.0, (Line(1.0, 2.5, "Mia", "Hello."), Line(3.0, 3.5, "", "Silence."))),
    )
    script = Script("Two shots", shots)
    assert script.starts == (0.0, 5.0)
    assert script.duration == 9.0
    assert script.cues() == [(6.0, 7.5, "Mia: Hello."), (8.0, 8.5, "Silence.")]


def test_a_cut_belongs_to_the_shot_that_begins() -> None:
    script = random_script(chance(2), shots=4)
    for i, start in enumerate(script.starts):
        assert script.index_at(start) == i
        assert script.index_at(start + 0.5) == i
    assert script.index_at(script.duration + 10) == 3


@pytest.mark.parametrize("seed", range(20))
def test_films_by_chance_keep_their_promises(seed: int) -> None:
    script = random_script(chance(seed), shots=30, seconds=(4, 9), actors=(1, 3), lines=(0, 3))
    looks: dict[str, tuple[str, str]] = {}
    for before, shot in zip((None, *script.shots), script.shots, strict=False):
        assert before is None or before.place != shot.place
        assert 1 <= len(shot.actors) <= 3
        assert len({actor.thing for actor in shot.actors}) == len(shot.actors)
        for actor in shot.actors:
            if actor.name:
                assert looks.setdefault(actor.name, (actor.thing, actor.colour)) == (actor.thing, actor.colour)
        for line in shot.lines:
            assert 0 <= line.start < line.end <= shot.seconds
            assert line.item is None or line.item in line.text
    cues = script.cues()
    assert all(a[1] <= b[0] for a, b in pairwise(cues))


def test_every_thing_comes_in_every_colour() -> None:
    film = random_script(chance(5), shots=4000, actors=(2, 3))
    pairs = {(actor.thing, actor.colour) for shot in film.shots for actor in shot.actors if not actor.name}
    looks = {(actor.thing, actor.colour) for shot in film.shots for actor in shot.actors}
    named = {actor.thing for shot in film.shots for actor in shot.actors if actor.name}
    assert len(pairs) == (len(world.THINGS) - len(named)) * len(world.COLOURS)
    assert {thing for thing, _ in looks} == set(world.THINGS)
