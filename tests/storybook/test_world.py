import pytest

from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.world import Actor, Line, Scene, Script, Shot
from tests.storybook.conftest import chance


def shot(place: str, *lines: Line, time: str = "noon", seconds: float = 4.0) -> Shot:
    return Shot(place, time, "clear", (), seconds, lines)


def test_a_script_survives_json() -> None:
    script = random_script(chance(1), FilmKind(actors=(1, 3), lines=(0, 3)))
    assert Script.from_json(script.to_json()) == script


def test_a_narrators_line_survives_json() -> None:
    script = Script("x", (shot("lake", Line(1.0, 2.0, "", "So it ends.")),))
    assert "speaker" not in script.to_json()
    assert Script.from_json(script.to_json()) == script


@pytest.mark.parametrize(
    ("strange", "word"),
    [
        (Shot("moon", "noon", "clear", (), 3.0), "moon"),
        (Shot("lake", "later", "clear", (), 3.0), "later"),
        (Shot("lake", "noon", "storm", (), 3.0), "storm"),
        (Shot("lake", "noon", "clear", (Actor("ghost", "red", "walking"),), 3.0), "ghost"),
        (Shot("lake", "noon", "clear", (Actor("cat", "pink", "walking"),), 3.0), "pink"),
        (Shot("lake", "noon", "clear", (Actor("cat", "red", "singing"),), 3.0), "singing"),
    ],
)
def test_a_word_from_another_world_is_named(strange: Shot, word: str) -> None:
    with pytest.raises(ValueError, match=f"'{word}' is not of this world"):
        Script.from_json(Script("x", (strange,)).to_json())


def test_cues_are_in_film_seconds_with_their_speaker() -> None:
    script = Script(
        "Two shots",
        (
            shot("beach", seconds=5.0),
            shot("lake", Line(1.0, 2.5, "Mia", "Hello."), Line(3.0, 3.5, "", "Silence.")),
        ),
    )
    assert script.starts == (0.0, 5.0)
    assert script.duration == 9.0
    assert script.cues() == [(6.0, 7.5, "Mia: Hello."), (8.0, 8.5, "Silence.")]


def test_a_cut_belongs_to_the_shot_that_begins() -> None:
    script = random_script(chance(2), FilmKind(scenes=(4, 4), shots=(1, 1)))
    for i, start in enumerate(script.starts):
        assert script.index_at(start) == i
        assert script.index_at(start + 0.5) == i
    assert script.index_at(script.duration + 10) == 3


def test_a_film_without_shots_shows_nothing_at_any_time() -> None:
    with pytest.raises(ValueError, match="no shots"):
        Script("empty", ()).index_at(0.0)


def test_a_scene_is_a_run_of_shots_in_one_place() -> None:
    script = Script("x", (shot("beach"), shot("beach", time="night"), shot("cave"), shot("beach")))
    assert script.scenes == (Scene(0, "beach", (0, 1)), Scene(1, "cave", (2,)), Scene(2, "beach", (3,)))
