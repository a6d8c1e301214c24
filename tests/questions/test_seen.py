from dataclasses import replace

from llamavid_demo.questions.words import article, listed, place_phrase
from llamavid_demo.storybook.world import PLACES, THINGS, Script, Shot
from tests.questions.conftest import FILM, answers, asked
from tests.storybook.conftest import films

CHANGING = Script(
    "Dusk, then night",
    (
        FILM.shots[4],
        replace(FILM.shots[2], time="evening", weather="clear"),
        FILM.shots[2],
    ),
)


def test_places_are_those_of_the_scenes() -> None:
    assert answers("place") == {
        "The film begins at the beach.", "The film ends on the mountain.", "The first scene is at the beach.",
        "The second scene is in the cave.", "The third scene is at the beach.", "The fourth scene is on the mountain.",
        "The last scene is on the mountain.",
    }  # fmt: skip


def test_time_and_weather_are_asked_of_scenes_and_of_places_that_come_once() -> None:
    assert answers("time") == {
        "The first scene is in the morning.", "The second scene is at night.", "The third scene is at noon.",
        "The fourth scene is in the evening.", "The last scene is in the evening.", "The cave scene is at night.",
        "The mountain scene is in the evening.",
    }  # fmt: skip
    assert answers("weather") == {
        "The first scene is clear.", "The second scene is foggy.", "The third scene is rainy.",
        "The fourth scene is snowy.", "The last scene is snowy.", "The cave scene is foggy.",
        "The mountain scene is snowy.",
    }  # fmt: skip


def test_a_scene_in_which_it_changes_is_not_asked_for_time_and_weather() -> None:
    assert answers("time", CHANGING) == {
        "The first scene is in the evening.", "The mountain scene is in the evening.",
    }  # fmt: skip
    assert answers("weather", CHANGING) == {"The first scene is snowy.", "The mountain scene is snowy."}


def test_a_thing_of_two_colours_is_not_asked_for_its_colour() -> None:
    assert answers("colour") == {"The cat is red.", "The owl is white.", "The hat is black."}


def test_a_thing_that_does_two_things_is_not_asked_for_its_action() -> None:
    assert answers("action") == {"The owl is sleeping.", "The hat is sleeping.", "The lantern is spinning."}


def test_a_thing_in_two_places_is_not_asked_for_its_place() -> None:
    assert answers("where") == {"The cat is at the beach.", "The owl is at the beach."}


def test_existence_is_as_often_true_as_not() -> None:
    said = [question.answer for question in asked("existence", FILM)]
    assert {answer for answer in said if answer.startswith("Yes")} == {
        "Yes, there is a cat.", "Yes, there is an owl.", "Yes, there is a hat.", "Yes, there is a lantern.",
    }  # fmt: skip
    assert {answer for answer in said if answer.startswith("No")} == {
        f"No, there is no {thing}." for thing in THINGS if thing not in ("cat", "owl", "hat", "lantern")
    }
    assert 0.4 < sum(answer.startswith("Yes") for answer in said) / len(said) < 0.6


def test_contents_are_of_places_that_come_once() -> None:
    assert answers("contents") == {"In the cave there is a lantern and a hat.", "On the mountain there is a hat."}


def test_a_place_with_too_much_in_it_is_not_listed() -> None:
    for script, _ in films(30):
        assert all(answer.count(" a ") + answer.count(" an ") <= 3 for answer in answers("contents", script))


def test_what_comes_after_is_asked_of_what_comes_once() -> None:
    assert answers("after") == {"After the cave comes the beach.", "After the owl comes the cave."}


def test_scenes_are_counted_not_shots() -> None:
    assert answers("count") == {"There are four scenes."}
    places = [PLACES[i % 2] for i in range(13)]
    shots = [Shot(place, "noon", "clear", (), 1.0) for place in places]
    assert answers("count", Script("one", tuple(shots[:1]))) == {"There is one scene."}
    assert answers("count", Script("twelve", tuple(shots[:12]))) == {"There are twelve scenes."}
    assert answers("count", Script("thirteen", tuple(shots))) == {"There are more than twelve scenes."}


def test_a_summary_tells_beginning_next_scene_and_end() -> None:
    assert answers("summary") == {
        "The film begins at the beach in the morning, goes on in the cave and ends on the mountain in the evening."
    }
    assert answers("summary", Script("two", FILM.shots[1:3])) == set()
    lasting = Script("x", (*FILM.shots[:4], *CHANGING.shots[1:]))
    assert {answer.split(" ends ")[1] for answer in answers("summary", lasting)} == {"in the cave at night."}


def test_words_are_put_as_in_english() -> None:
    assert [place_phrase(place) for place in PLACES[:6]] == [
        "at the beach", "in the forest", "in the village", "at the castle", "in the desert", "on the mountain",
    ]  # fmt: skip
    assert {thing for thing in THINGS if article(thing) == "an"} == {"owl", "umbrella"}
    assert [listed(["a", "b", "c"][:n]) for n in (1, 2, 3)] == ["a", "a and b", "a and b and c"]
