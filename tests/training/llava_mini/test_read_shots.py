import pytest

from llamavid_demo.storybook.frame_cues import frame_times
from llamavid_demo.storybook.world import Script
from llamavid_demo.training.ideal import asked_thing
from llamavid_demo.training.llava_mini.read_shots import read_shots
from tests.questions.conftest import FILM, asked
from tests.storybook.conftest import chance, films


def seconds(script: Script) -> list[int]:
    return [script.index_at(t) for t in frame_times(script)]


def test_when_all_shots_are_read_each_counts_as_long_as_it_lasts() -> None:
    shares = read_shots(FILM, seconds(FILM), asked("colour", FILM)[:1], most=9, rng=chance(0))
    assert shares == pytest.approx({0: 4 / 17, 1: 3 / 17, 2: 4 / 17, 3: 3 / 17, 4: 3 / 17})


def test_few_shots_stand_for_all_and_show_what_is_named() -> None:
    for script, rng in films(30):
        questions = [*asked("colour", script, 3), *asked("existence", script, 3)]
        shares = read_shots(script, seconds(script), questions, most=2, rng=rng)
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares.values()) > 0
        things = {asked_thing(question.text) for question in questions}
        assert 0 < len(shares) <= max(2, len(things))
        shown = {actor.thing for shot in script.shots for actor in shot.actors}
        read = {actor.thing for shot in shares for actor in script.shots[shot].actors}
        assert things & shown <= read


def test_an_unread_shot_counts_for_one_that_shows_the_same() -> None:
    owl = [question for question in asked("colour", FILM) if "owl" in question.answer][:1]
    for seed in range(10):  # the owl is in the first shot only, whichever other one is read
        shares = read_shots(FILM, seconds(FILM), owl, most=2, rng=chance(seed))
        assert len(shares) == 2
        assert shares[0] == pytest.approx(4 / 17)
