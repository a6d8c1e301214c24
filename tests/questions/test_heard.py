from dataclasses import replace

from llamavid_demo.questions.heard import lines_of
from llamavid_demo.storybook.world import Line, Script
from tests.questions.conftest import FILM, answers, asked

SILENT = Script("Silent", tuple(replace(shot, lines=()) for shot in FILM.shots))


def test_an_item_that_two_people_speak_of_is_not_asked_for_its_speaker() -> None:
    assert answers("about") == {"The one who speaks of the key is Mia."}


def test_who_speaks_of_an_item_twice_is_pointed_at_in_both_lines() -> None:
    other = Line(0.5, 1.5, "Leo", "I like the cake.", "cake")
    shots = tuple(replace(shot, lines=(other,)) for shot in FILM.shots[2:4])
    (question, *_) = asked("about", Script("Cake", shots))
    assert question.parts[-1].cues == (0, 1)


def test_words_are_asked_for_where_somebody_speaks_of_an_item_once() -> None:
    assert answers("says") == {
        "About the map Hugo says: The map is mine.", "About the key Mia says: Please give me the key.",
    }  # fmt: skip


def test_the_first_to_speak_has_a_name() -> None:
    (question, *_) = asked("speaks_first", FILM)
    assert question.answer == "The first to speak is Mia."
    assert question.parts[-1].cues == (1,)  # behind the narrator's


def test_those_who_speak_in_a_place_are_met_there() -> None:
    assert answers("who") == {"In the cave we meet Hugo and Mia.", "On the mountain we meet nobody."}


def test_names_point_at_their_first_lines() -> None:
    (question,) = {question.parts for question in asked("who", FILM) if "Hugo" in question.answer}
    assert [(part.text, part.cues) for part in question[1:]] == [("Hugo", (2,)), ("and", ()), ("Mia.", (3,))]


def test_what_is_said_in_a_place_is_quoted_whole() -> None:
    assert answers("said") == {
        "In the cave Hugo says: The map is mine. Mia says: Please give me the key.", "On the mountain nobody speaks.",
    }  # fmt: skip


def test_a_place_with_three_lines_is_not_quoted() -> None:
    shot = FILM.shots[2]
    third = replace(shot, lines=(*shot.lines, Line(3.2, 3.6, "Hugo", "I am tired.")))
    assert answers("said", Script("Talk", (FILM.shots[4], third))) == {"On the mountain nobody speaks."}


def test_nobody_is_asked_about_words_in_a_silent_film() -> None:
    for family in ("about", "says", "speaks_first"):
        assert answers(family, SILENT) == set()


def test_lines_are_numbered_as_their_cues() -> None:
    for cue, line in lines_of(FILM):
        assert FILM.cues()[cue][2] == line.subtitle
    assert [cue for cue, _ in lines_of(FILM, FILM.scenes[1])] == [2, 3]
