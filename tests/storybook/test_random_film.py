import re
from dataclasses import replace
from itertools import pairwise

import pytest

from llamavid_demo.questions import questions
from llamavid_demo.storybook.random_film import FilmKind, random_company, random_script
from llamavid_demo.storybook.world import COLOURS, ITEMS, PLACES, THINGS, WEATHERS, Script
from tests.storybook.conftest import chance, films

KINDS = (
    FilmKind(scenes=(1, 1), shots=(1, 1), seconds=(1, 1), lines=(0, 0), actors=(1, 1)),
    FilmKind(scenes=(3, 9), shots=(1, 2), seconds=(1, 3), lines=(0, 2), actors=(1, 3), cues=5),
    FilmKind(scenes=(12, 20), shots=(1, 4), seconds=(4, 12), lines=(0, 3), actors=(2, 3)),
    FilmKind(duration=(60, 180), cues=20),
)


def within(number: float, ends: tuple[int, int]) -> bool:
    return ends[0] <= number <= ends[1]


def owners_of_names(script: Script) -> dict[str, set[tuple[str, str]]]:
    owners: dict[str, set[tuple[str, str]]] = {}
    for shot in script.shots:
        for actor in shot.actors:
            if actor.name:
                owners.setdefault(actor.name, set()).add((actor.thing, actor.colour))
    return owners


def test_the_same_generator_gives_the_same_film() -> None:
    assert random_script(chance(1), KINDS[1]) == random_script(chance(1), KINDS[1])
    assert random_script(chance(1), KINDS[1]) != random_script(chance(2), KINDS[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_is_of_its_kind(kind: FilmKind) -> None:
    for script, _ in films(40, kind):
        if kind.duration:
            assert within(script.duration, kind.duration)
        else:
            assert within(len(script.scenes), kind.scenes)
            assert all(within(len(scene.shots), kind.shots) for scene in script.scenes)
            assert all(within(shot.seconds, kind.seconds) for shot in script.shots)
        assert len(script.cues()) <= kind.cues
        for shot in script.shots:
            assert within(len(shot.actors), kind.actors)
            assert len({actor.thing for actor in shot.actors}) == len(shot.actors)
            assert len(shot.lines) <= kind.lines[1]


def test_a_film_of_a_duration_has_as_many_scenes_as_fit() -> None:
    kind = FilmKind(shots=(1, 1), seconds=(5, 5), duration=(62, 62))
    for script, _ in films(20, kind):
        assert [shot.seconds for shot in script.shots] == [5.0] * 12 + [2.0]


def test_a_scene_has_one_place_time_and_weather_and_the_next_another_place() -> None:
    for script, _ in films(60):
        for scene in script.scenes:
            assert len({(s.place, s.time, s.weather) for s in (script.shots[i] for i in scene.shots)}) == 1
        assert all(before.place != after.place for before, after in pairwise(script.scenes))


def test_places_come_back_now_and_then() -> None:
    again = [len({scene.place for scene in script.scenes}) < len(script.scenes) for script, _ in films(60, KINDS[1])]
    assert 10 < sum(again) < 60


def test_a_name_belongs_to_one_thing_that_keeps_its_colour() -> None:
    for script, _ in films(60):
        owners = owners_of_names(script)
        assert all(len(looks) == 1 for looks in owners.values())
        named = {thing for looks in owners.values() for thing, _ in looks}
        assert all(actor.name for shot in script.shots for actor in shot.actors if actor.thing in named)


def test_in_most_films_but_not_in_all_things_keep_their_colour() -> None:
    steady = []
    for script, _ in films(200, KINDS[2]):
        looks = {(actor.thing, actor.colour) for shot in script.shots for actor in shot.actors}
        steady.append(len(looks) == len({thing for thing, _ in looks}))
    assert 110 < sum(steady) < 190


def test_lines_are_spoken_one_after_the_other_while_their_shot_lasts() -> None:
    for script, _ in films(60):
        for shot in script.shots:
            assert all(0 <= line.start < line.end <= shot.seconds for line in shot.lines)
        assert all(before[1] <= after[0] for before, after in pairwise(script.cues()))


def test_who_is_present_speaks() -> None:
    for script, _ in films(60):
        for shot in script.shots:
            present = {actor.name for actor in shot.actors if actor.name}
            assert not present or {line.speaker for line in shot.lines} <= present


def test_a_line_names_its_item_and_no_other() -> None:
    for script, _ in films(100):
        for shot in script.shots:
            for line in shot.lines:
                named = [word for word in re.findall(r"[a-z]+", line.text.lower()) if word in ITEMS]
                assert named == ([line.item] if line.item else [])


def test_lines_are_english() -> None:
    texts = {line.text for script, _ in films(200) for shot in script.shots for line in shot.lines}
    assert not [text for text in texts if re.search(r"\{|in the (beach|mountain|farm)", text)]


def test_nobody_speaks_of_themselves_by_name() -> None:
    for script, _ in films(60):
        assert not [line for shot in script.shots for line in shot.lines if line.speaker in line.text]


def test_every_thing_comes_in_every_colour_and_every_place_in_every_weather() -> None:
    shots = [shot for script, _ in films(300, replace(KINDS[2], lines=(0, 0))) for shot in script.shots]
    looks = {(actor.thing, actor.colour) for shot in shots for actor in shot.actors}
    assert len(looks) == len(THINGS) * len(COLOURS)
    assert len({(shot.place, shot.weather) for shot in shots}) == len(PLACES) * len(WEATHERS)


def test_a_company_has_four_characters_and_names_no_two_alike() -> None:
    for seed in range(100):
        company = random_company(chance(seed))
        assert len(set(company.names.values())) == 4
        assert set(company.names) <= set(company.things)
        assert set(company.names) <= set(company.colours)


def test_time_and_weather_change_within_a_scene_only_where_a_kind_says_so():
    def skies(changing: float) -> list[int]:
        """How many times of day with weather each scene has."""
        kind = FilmKind((30, 30), (3, 3), changing=changing)
        script = random_script(chance(4), kind)
        return [len({(script.shots[i].time, script.shots[i].weather) for i in scene.shots}) for scene in script.scenes]

    assert set(skies(0.0)) == {1}
    assert set(skies(0.5)) == {1, 2, 3}


def test_a_narrator_has_no_name_and_is_never_asked_about() -> None:
    kind = FilmKind(lines=(2, 3), narrated=0.5)
    for script, rng in films(20, kind):
        lines = [line for shot in script.shots for line in shot.lines]
        told = [line for line in lines if not line.speaker]
        assert 0.2 < len(told) / len(lines) < 0.8
        assert not any(line.item for line in told)
        asked = questions(script, rng)
        assert not any(line.text in question.answer for line in told for question in asked)
    assert all(line.speaker for script, _ in films(20) for shot in script.shots for line in shot.lines)


def test_in_a_sparing_film_nobody_speaks_twice_of_the_same_item() -> None:
    kind = FilmKind(cues=200, duration=(900, 900), sparing=1.0)
    for script, _ in films(5, kind):
        said = [(line.speaker, line.item) for shot in script.shots for line in shot.lines if line.item]
        assert 0 < len(said) == len(set(said))
        assert sum(len(shot.lines) for shot in script.shots) > 2 * len(said), "the others are plain"
