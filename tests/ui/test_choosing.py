"""Another model to talk with, without a browser and without a model: what is shown, stopped, kept and given back."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.choosing import Choosing
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from tests.ui.scripted import ScriptedChat, ScriptedModel, run, told
from tests.ui.test_conversation import AT, KEY

NEW = "You now talk with {}; this is a new conversation."
AGAIN = "You now talk with {} again; your conversation goes on."


class NamedModel(ScriptedModel):
    """A scripted model that loads while somebody waits for it; its answers are its name, over and over."""

    ready = None
    loading = True

    def __init__(self, name: str, words: int) -> None:
        super().__init__(ScriptedChat([f"{name} "] * words))
        self.name = name

    def state(self) -> str:
        return f"{self.name} loads" if self.loading else f"{self.name} is ready"

    async def arrival(self) -> None:
        self.loading = False


class Desk:
    """A visitor at the harbour film with two models."""

    def __init__(self, movie: Movie, *, words: int = 2) -> None:
        self.sessions = Sessions([movie], model="first")
        self.visit = self.sessions.visit(KEY)
        self.visit.showing = AT
        models: Any = {name: NamedModel(name, words) for name in ("first", "second")}
        self.talking = Talking(Settings(), self.sessions, models, Stills())
        screening = Screening(Settings(), self.sessions, models, Stills(), self.talking)
        self.choosing = Choosing(self.sessions, models, screening, self.talking)

    def ask(self, question: str) -> dict[str, Any]:
        return [self.talking.begin(KEY, question, *AT), *self.talking.answer(KEY)][-1]

    def choose(self, name: str) -> dict[str, Any]:
        return self.choosing.choose(KEY, name, *AT)


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


@pytest.fixture
def desk(movie: Movie) -> Desk:
    return Desk(movie)


def test_a_new_conversation_begins_about_the_same_section(desk: Desk) -> None:
    desk.ask("Where?")
    shown = desk.choose("second")
    assert NEW.format("second") in shown["alert"]
    assert "invitation" in shown["current"]
    assert shown["past"] == ""
    assert shown["model"] == "second loads"
    assert "follow when the model is loaded" in shown["cost"]
    assert not {"player", "strip", "slug", "section", "question"} & set(shown)
    assert desk.visit.showing == AT
    assert desk.talking.undo(KEY, *AT) == {}
    assert "second second" in desk.ask("Where?")["current"]


def test_the_old_conversation_waits_for_its_model(desk: Desk) -> None:
    desk.ask("Where?")
    desk.choose("second")
    shown = desk.choose("first")
    assert AGAIN.format("first") in shown["alert"]
    assert "first first" in shown["current"]
    assert told(desk.talking.undo(KEY, *AT))["back"] == "Where?"


def test_nothing_more_is_read_ahead_with_the_model_before(desk: Desk) -> None:
    desk.visit.follower = object()
    desk.choose("first")
    assert desk.visit.follower is not None
    desk.choose("second")
    assert desk.visit.follower is None


def test_choosing_the_same_model_disturbs_nothing(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    assert desk.choose("first") == {}
    assert desk.visit.busy


def test_an_answer_under_way_is_stopped_and_kept_and_its_question_given_back(movie: Movie) -> None:
    desk = Desk(movie, words=100_000)
    desk.talking.begin(KEY, "Where?", *AT)
    answer = desk.talking.answer(KEY)
    while "first" not in next(answer).get("current", ""):
        pass
    shown = desk.choose("second")
    assert "first was stopped; switch back to read what it wrote." in shown["alert"]
    assert told(shown)["back"] == "Where?"
    assert "invitation" in shown["current"]
    assert not desk.visit.busy
    assert list(answer) == []
    back = desk.choose("first")["current"]
    assert '<div class="answer">first' in back
    assert 'data-finished="stopped"' in back


def test_of_a_choice_that_is_told_twice_at_once_the_second_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    told: list[dict[str, Any]] = []
    came, lock, turn_to = threading.Event(), desk.visit.press_lock, desk.sessions.choose
    once_more = threading.Thread(target=lambda: (told.append(desk.choose("second")), came.set()))

    class Watched:
        """The visit's lock; it says when the other thread came to it."""

        def __enter__(self) -> None:
            if threading.current_thread() is once_more:
                came.set()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    def turn_slowly(key: str, model: str) -> None:
        if not once_more.ident:
            once_more.start()
            came.wait()
        turn_to(key, model)

    desk.visit.press_lock = Watched()  # type: ignore[assignment]
    monkeypatch.setattr(desk.sessions, "choose", turn_slowly)
    assert "first was stopped" in desk.choose("second")["alert"]
    once_more.join()
    assert told == [{}]


def test_a_question_that_waits_is_given_back(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    shown = desk.choose("second")
    assert "first was stopped before its answer began." in shown["alert"]
    assert told(shown)["back"] == "Where?"
    assert list(desk.talking.answer(KEY)) == []


def test_an_answer_that_ended_is_not_said_to_be_stopped(desk: Desk) -> None:
    desk.ask("Where?")
    shown = desk.choose("second")
    assert "stopped" not in shown["alert"]
    assert told(shown)["back"] == ""


def test_state_is_told_of_the_model_that_the_visitor_has_by_then(desk: Desk) -> None:
    async def told(states: AsyncIterator[dict[str, Any]]) -> list[str]:
        first = (await anext(states))["model"]
        desk.choose("second")
        return [first, *[parts["model"] async for parts in states]]

    assert run(told(desk.choosing.follow(KEY))) == ["first loads", "second loads"]
