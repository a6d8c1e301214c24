from llamavid_demo.questions import normalise
from llamavid_demo.questions.unseen import OUTSIDE_WORDS
from llamavid_demo.storybook.world import ITEMS, PLACES, THINGS, WEATHERS, Script, Shot
from tests.questions.conftest import FILM, answers, asked
from tests.questions.truth import understood


def test_what_is_not_in_the_film_is_said_to_be_missing() -> None:
    things = {thing for thing in THINGS if thing not in ("cat", "owl", "hat", "lantern")}
    places = {place for place in PLACES if place not in ("beach", "cave", "mountain")}
    unheard = {(name, item) for name in ("Mia", "Hugo") for item in ITEMS if item not in ("map", "key")}
    said = {question.answer for question in asked("absent", FILM, 3000)}
    assert said == (
        {f"I don't see {'an' if word[0] in 'aeiou' else 'a'} {word} in this film." for word in things | places}
        | {f"There is no {nth} scene." for nth in ("fifth", "sixth", "seventh", "eighth")}
        | {f"Nobody speaks of the {item}." for item in ITEMS if item not in ("map", "key")}
        | {f"{name} does not speak of the {item}." for name, item in unheard | {("Hugo", "key")}}
    )


def test_a_missing_scene_points_at_the_last_there_is() -> None:
    parts = {question.parts[0].shots for question in asked("absent", FILM) if "scene" in question.answer}
    assert parts == {(4,)}


def test_a_film_of_many_scenes_has_them_all() -> None:
    shots = tuple(Shot(PLACES[i % 12], "noon", WEATHERS[0], (), 1.0) for i in range(14))
    assert not [answer for answer in answers("absent", Script("Long", shots)) if "scene" in answer]


def test_another_world_is_refused_in_the_same_words() -> None:
    assert answers("outside") == {"I only know what this film shows."}
    texts = {normalise(question.text) for question in asked("outside", FILM, 1500)}
    assert {word.lower() for word in OUTSIDE_WORDS} <= {word for text in texts for word in text.split()}
    assert len({understood(text)["word"] for text in texts}) > 200  # names of no meaning too
