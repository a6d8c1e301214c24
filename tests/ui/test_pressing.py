"""Presses whose requests come in another order, without a browser, and questions that come too late."""

import json
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import LEFT, Talking
from llamavid_demo.ui.pressing import Press, Pressing
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from tests.ui.scripted import ScriptedChat, ScriptedModel

KEY = "page"
ROAD, FIRST, SECOND = ("a-quiet-road", 0), ("harbour", 0), ("harbour", 1)
SUGGESTED = "What colour is the boat?"  # of the first section


class Desk:
    """A visitor who has opened the first section of the harbour film with press number 1."""

    def __init__(self, films: Path) -> None:
        movies = [load_movie(films / name, section_minutes=0.5) for name in ("a_quiet_road.mp4", "harbour")]
        self.sessions = Sessions(movies)
        models: Any = {"": ScriptedModel(ScriptedChat(["At sea."]))}
        stills = Stills()
        self.talking = Talking(Settings(), self.sessions, models, stills)
        screening = Screening(Settings(), self.sessions, models, stills, self.talking)
        self.pressing = Pressing(self.sessions, screening, self.talking)
        self.visit = self.sessions.visit(KEY)
        self.go(FIRST, 1, page=ROAD)

    def go(self, place: tuple[str, int], number: int, *, page: tuple[str, int] = FIRST) -> dict[str, Any]:
        return self.pressing.go(KEY, *place, page, number)

    def about(self) -> tuple[str, int] | None:
        asked = self.visit.asked
        return (asked.slug, asked.section) if asked else None


def sent(number: int, wanted: tuple[str, int], drawn: tuple[str, int] = FIRST) -> str:
    """What the page sends with a press: its settings, the player's second, and where it is."""
    return json.dumps(["", None, number, *("{}/{}".format(*place) for place in (wanted, drawn))])


@pytest.fixture
def desk(films: Path) -> Desk:
    return Desk(films)


@pytest.mark.parametrize("place", [SECOND, ROAD])
def test_a_question_opens_what_was_pressed_before_it(desk: Desk, place: tuple[str, int]) -> None:
    shown = desk.pressing.begin(KEY, "Who?", *FIRST, sent(3, place))
    assert desk.about() == place
    assert (shown["slug"], shown["section"]) == place
    assert 'data-pressed="3"' in shown["strip"]
    assert "Who?" in shown["current"]
    assert desk.go(place, 2) == {}
    assert desk.about() == place


def test_a_question_whose_section_was_left_is_told_of(desk: Desk) -> None:
    desk.go(SECOND, 3)
    alert = desk.pressing.begin(KEY, "Who is it?", *SECOND, sent(2, FIRST))["alert"]
    assert "before its answer began: Who is it?" in alert
    assert desk.about() is None
    assert desk.visit.showing == SECOND


def test_a_suggestion_of_another_section_is_told_of(desk: Desk) -> None:
    for number in (3, 4):  # before the press of the section is heard, and after
        shown = desk.pressing.begin_suggested(KEY, SUGGESTED, *FIRST, sent(number, SECOND))
        assert LEFT in shown["alert"]
        assert desk.about() is None
        assert desk.go(SECOND, 2) == {}  # which would take the words away
        assert desk.visit.showing == SECOND
    desk.pressing.begin_suggested(KEY, SUGGESTED, *SECOND, sent(6, FIRST))
    assert desk.about() == FIRST


def test_a_turn_of_a_section_that_is_left_is_let_be(desk: Desk) -> None:
    def take(key: str, at: tuple[str, int]) -> dict[str, Any]:
        return {"taken": at}

    assert desk.pressing.of_turn(KEY, take, ROAD, sent(3, FIRST)) == {"taken": FIRST}
    assert LEFT in desk.pressing.of_turn(KEY, take, FIRST, sent(5, SECOND))["alert"]
    desk.go(SECOND, 4)
    assert LEFT in desk.pressing.of_turn(KEY, take, FIRST, sent(5, FIRST))["alert"]


def test_before_the_page_is_whole_the_server_knows_what_is_asked_about(desk: Desk) -> None:
    desk.go(SECOND, 2)
    desk.pressing.begin(KEY, "Who?", *ROAD, '["", null]')
    assert desk.about() == SECOND


@pytest.mark.parametrize(
    "text",
    ["", "[]", '["", null, 1]', '["", null, 1, "a", "b/1"]', '["", null, Infinity, "a/1", "b/1"]', "null", "[" * 9],
)
def test_what_cannot_be_read_is_no_press(text: str) -> None:
    assert Press.read(text) == Press()
    assert Press.read('["", null, 7, "a/1", "b/2"]') == Press(7, ("a", 1), ("b", 2))
