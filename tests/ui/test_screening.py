"""What is showing, without a browser: quick presses, whose answers may reach the page in another order."""

from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from tests.ui.scripted import ScriptedChat, ScriptedModel

KEY = "page"
ROAD, FIRST, SECOND = ("a-quiet-road", 0), ("harbour", 0), ("harbour", 1)
FILM, SECTION = {"wall", "player", "about", "transcript"}, {"slug", "section", "strip", "suggestions"}


@pytest.fixture
def screening(films: Path) -> Screening:
    sessions = Sessions([load_movie(films / name, section_minutes=0.5) for name in ("a_quiet_road.mp4", "harbour")])
    models: Any = {"": ScriptedModel(ScriptedChat(["At sea."]))}
    stills = Stills()
    return Screening(Settings(), sessions, models, stills, Talking(Settings(), sessions, models, stills))


def test_another_section_leaves_the_film_as_it_is(screening: Screening) -> None:
    assert screening.go(KEY, *FIRST, ROAD).keys() >= FILM | SECTION
    shown = screening.go(KEY, *SECOND, FIRST)
    assert shown.keys() >= SECTION
    assert not shown.keys() & FILM
    assert screening.go(KEY, *SECOND, SECOND) == {}


def test_controls_rest_only_where_a_question_is_left(screening: Screening) -> None:
    assert not screening.go(KEY, *FIRST, ROAD).keys() & {"ask", "stop"}
    screening._talking.begin(KEY, "Where?", *FIRST)
    assert screening.go(KEY, *SECOND, FIRST).keys() >= {"ask", "stop", "activity"}


def test_a_film_that_is_still_on_its_way_is_sent_with_its_section(screening: Screening) -> None:
    screening.go(KEY, *FIRST, ROAD)
    assert screening.go(KEY, *SECOND, ROAD).keys() >= FILM | SECTION
    assert screening.go(KEY, *SECOND, ROAD).keys() >= FILM | SECTION


def test_a_page_that_was_told_in_another_order_gets_all_once_more(screening: Screening) -> None:
    screening.go(KEY, *ROAD, FIRST)
    screening.go(KEY, *SECOND, FIRST)
    again = screening.complete(KEY, ROAD)
    assert again.keys() >= FILM | SECTION
    assert "The Harbour" in again["about"]
    assert screening.complete(KEY, SECOND).keys() == {"strip", "cost"}
