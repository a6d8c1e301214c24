"""The conversation's handlers, without a browser and without a model: what they show, keep and give back."""

import json
import threading
from html import escape
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.chat import Evidence
from llamavid_demo.errors import BusyError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import BROKEN, BUSY, EMPTY, STOPPED_EARLY, Talking
from llamavid_demo.ui.evidence import IN_VAIN
from llamavid_demo.ui.kept import Arrival
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from tests.ui.scripted import UNSEEN, ScriptedChat, ScriptedModel, ScriptedTurn, told

KEY = "somebody"
AT = ("harbour", 0)


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


class Desk:
    """A visitor at the harbour film, and what the page shows them."""

    def __init__(self, movie: Movie, chat: ScriptedChat) -> None:
        self.sessions = Sessions([movie])
        self.visit = self.sessions.visit(KEY)
        self.visit.showing = AT
        self.model = ScriptedModel(chat)
        self.talking = Talking(Settings(), self.sessions, {"": self.model}, Stills())  # type: ignore[arg-type]

    def ask(self, question: str) -> list[dict[str, Any]]:
        return [self.talking.begin(KEY, question, *AT), *self.talking.answer(KEY)]


@pytest.fixture
def desk(movie: Movie) -> Desk:
    return Desk(movie, ScriptedChat(["At ", "sea."]))


def test_question_is_shown_at_once_and_answered_with_progress(desk: Desk) -> None:
    shown = desk.ask(" Where? ")
    assert "Where?" in shown[0]["current"]
    assert told(shown[0])["asked"] == "Where?"
    assert told(shown[-1])["asked"] == ""
    assert "Retry" in shown[-1]["current"]
    assert "At sea." in shown[-1]["current"]
    assert shown[-1]["activity"] == shown[-1]["alert"] == ""
    assert not desk.visit.busy


def test_time_to_the_first_word_begins_with_the_press(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    asked = desk.visit.asked
    assert asked
    list(desk.talking.answer(KEY))
    assert asked.turn and asked.turn.asked_at == asked.at


def test_refusal_leans_on_nothing(movie: Movie) -> None:
    for words, refused in (("That is not said in this section.", True), ("At sea.", False)):
        last = Desk(movie, ScriptedChat([words])).ask("Where?")[-1]
        assert (IN_VAIN in last["current"]) == refused
        assert 'data-seek="3.000"' in last["current"]


def test_second_question_moves_the_first_up(desk: Desk) -> None:
    desk.ask("Where?")
    shown = desk.ask("And then?")
    for parts in (shown[0], shown[-1]):
        assert "Where?" in parts["past"]
        assert "Retry" not in parts["past"]
        assert "And then?" in parts["current"]


def test_empty_question_is_refused(desk: Desk) -> None:
    shown = desk.ask("  ")
    assert len(shown) == 1
    assert EMPTY in shown[0]["alert"]


def test_question_during_an_answer_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    assert BUSY in desk.talking.begin(KEY, "And then?", *AT)["alert"]
    assert BUSY in desk.talking.undo(KEY, *AT)["alert"]
    *_, last = desk.talking.answer(KEY)
    assert "Where?" in last["current"]
    assert list(desk.talking.answer(KEY)) == []


def test_question_is_about_what_was_opened_last(desk: Desk) -> None:
    desk.visit.showing = ("harbour", 1)  # and on its way to the page
    desk.talking.begin(KEY, "Where?", *AT)
    assert desk.visit.asked
    assert desk.visit.asked.section == 1


def test_question_waits_for_the_press_before_it(desk: Desk) -> None:
    asking = threading.Thread(target=desk.talking.begin, args=(KEY, "Where?", *AT))
    with desk.visit.press_lock:  # a section is being opened
        asking.start()
        asking.join(0.2)
        desk.visit.showing = ("harbour", 1)
    asking.join()
    assert desk.visit.asked
    assert desk.visit.asked.section == 1


def test_stop_before_its_turn_gives_the_question_back(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    shown = desk.talking.stop(KEY, *AT)
    assert told(shown)["back"] == "Where?"
    assert STOPPED_EARLY in shown["alert"]
    assert list(desk.talking.answer(KEY)) == []


def test_stop_keeps_what_was_written(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat(["word "] * 100_000))
    desk.talking.begin(KEY, "Where?", *AT)
    shown: dict[str, Any] = {}
    for shown in desk.talking.answer(KEY):
        if "word" in shown.get("current", ""):
            desk.talking.stop(KEY, *AT)
    assert 'data-finished="stopped"' in shown["current"]
    assert "word" in shown["current"]
    assert shown["alert"] == ""


def test_stop_while_the_section_is_read_gives_the_question_back(desk: Desk) -> None:
    desk.talking.begin(KEY, "Where?", *AT)
    answer = desk.talking.answer(KEY)
    assert "10 of 30 frames" in next(answer)["activity"]
    assert desk.talking.stop(KEY, *AT) == {}
    (last,) = answer
    assert told(last)["back"] == "Where?"
    assert STOPPED_EARLY in last["alert"]
    assert desk.sessions.conversation(KEY, *AT) is None
    assert not desk.visit.busy


def test_place_in_the_queue_is_shown_and_stop_gives_the_question_back(movie: Movie) -> None:
    chat = ScriptedChat(["At ", "sea."])
    desk = Desk(movie, chat)
    desk.ask("Where?")
    chat.queued = 100
    desk.talking.begin(KEY, "And then?", *AT)
    answer = desk.talking.answer(KEY)
    assert "number 2 of 3 in the queue" in next(answer)["activity"]
    desk.talking.stop(KEY, *AT)
    *_, last = answer
    assert told(last)["back"] == "And then?"
    assert STOPPED_EARLY in last["alert"]
    assert "Where?" in last["current"]
    assert [turn.question for turn in chat.turns] == ["Where?"]


def test_retry_stopped_before_its_answer_keeps_the_old_one(movie: Movie) -> None:
    chat = ScriptedChat(["At ", "sea."])
    desk = Desk(movie, chat)
    desk.ask("Where?")
    chat.queued = 100
    desk.talking.begin_again(KEY, *AT)
    answer = desk.talking.answer(KEY)
    next(answer)
    desk.talking.stop(KEY, *AT)
    *_, last = answer
    assert "At sea." in last["current"]
    assert "question" not in last


def test_full_queue_is_explained_and_the_question_given_back(movie: Movie) -> None:
    last = Desk(movie, ScriptedChat([], BusyError("32 questions wait already."))).ask("Where?")[-1]
    assert "32 questions wait already." in last["alert"]
    assert told(last)["back"] == "Where?"


def test_known_trouble_is_explained_and_the_question_given_back(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat([], MovieError("The file has gone.")))
    last = desk.ask("Where?")[-1]
    assert "The file has gone." in last["alert"]
    assert told(last)["back"] == "Where?"
    assert "invitation" in last["current"]


def test_unknown_trouble_shows_no_details(movie: Movie) -> None:
    last = Desk(movie, ScriptedChat([], RuntimeError("secret"))).ask("Where?")[-1]
    assert escape(BROKEN) in last["alert"]
    assert "secret" not in str(last)


def test_leaving_shows_nothing_more(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat(["word "] * 100_000))
    desk.talking.begin(KEY, "Where?", *AT)
    answer = desk.talking.answer(KEY)
    next(answer)
    desk.visit.leave()
    assert [parts for parts in answer if "past" in parts] == []
    assert not desk.visit.busy


def test_closing_the_page_ends_the_work(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat(["word "] * 100_000))
    desk.talking.begin(KEY, "Where?", *AT)
    answer = desk.talking.answer(KEY)
    while "word" not in next(answer).get("current", ""):
        pass
    turn = desk.visit.asked and desk.visit.asked.turn
    answer.close()
    assert isinstance(turn, ScriptedTurn)
    assert turn.closed
    assert not desk.visit.busy


def test_retry_replaces_the_answer_and_undo_forgets_the_turn(desk: Desk) -> None:
    desk.ask("Where?")
    again = desk.talking.begin_again(KEY, *AT)
    assert again["past"] == ""
    assert "question" not in again
    *_, last = desk.talking.answer(KEY)
    assert last["past"] == ""
    undone = desk.talking.undo(KEY, *AT)
    assert told(undone)["back"] == "Where?"
    assert "invitation" in undone["current"]


def test_pictures_come_to_the_evidence_afterwards(desk: Desk) -> None:
    assert "<img" not in desk.ask("Where?")[-1]["current"]
    assert desk.talking.view.illustrate(KEY, *AT)["current"].count("<img") == 2  # with where the model looked


def test_evidence_that_has_no_heat_map_is_shown_without(desk: Desk) -> None:
    desk.ask("Where?")
    conversation = desk.sessions.conversation(KEY, *AT)
    assert conversation is not None
    conversation.chat.turns[0].evidence = [Evidence(UNSEEN, 0.5, None)]
    assert desk.talking.view.illustrate(KEY, *AT)["current"].count("<img") == 1


def test_where_the_model_looked_is_computed_once_and_forgotten_with_the_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ask("Where?")
    shown = desk.talking.view.illustrate(KEY, *AT)
    monkeypatch.setattr(ScriptedChat, "heat_map", None)
    assert desk.talking.view.illustrate(KEY, *AT) == shown
    desk.talking.undo(KEY, *AT)
    desk.talking.view.illustrate(KEY, *AT)
    conversation = desk.sessions.conversation(KEY, *AT)
    assert conversation is not None
    assert conversation.heat_maps == {}


def test_late_pictures_never_cover_what_came_after(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ask("Where?")
    drawn = Stills.at

    def slow(self: Stills, *given: Any) -> dict[float, str]:
        desk.ask("And then?")
        monkeypatch.setattr(Stills, "at", drawn)
        return drawn(self, *given)

    monkeypatch.setattr(Stills, "at", slow)
    assert "And then?" in desk.talking.view.illustrate(KEY, *AT)["current"]
    desk.visit.showing = ("harbour", 1)
    assert desk.talking.view.illustrate(KEY, *AT) == {}


def test_an_edited_question_parts_from_the_turns_before_it(desk: Desk) -> None:
    for question in ("Where?", "And then?", "Why?"):
        desk.ask(question)
    shown = [desk.talking.begin_edited(KEY, 1, " Who? ", *AT), *desk.talking.answer(KEY)]
    for parts in (shown[0], shown[-1]):
        assert "Where?" in parts["past"]
        assert "And then?" not in parts["past"] + parts["current"]
        assert "Who?" in parts["current"]
    assert "2 of 2" in shown[-1]["current"]
    back = desk.talking.turn_to(KEY, 1, 0, *AT)
    assert "And then?" in back["past"] and "1 of 2" in back["past"]
    assert "Why?" in back["current"]


def test_an_edited_question_that_fails_leaves_all_as_it_was(movie: Movie) -> None:
    chat = ScriptedChat(["At sea."])
    desk = Desk(movie, chat)
    desk.ask("Where?")
    chat.trouble = MovieError("The file has gone.")
    *_, last = [desk.talking.begin_edited(KEY, 0, "Who?", *AT), *desk.talking.answer(KEY)]
    assert "Where?" in last["current"]
    assert "of 2" not in last["current"]
    assert told(last)["back"] == "Who?"


@pytest.mark.parametrize("place", [1, -1, None, "0", 10**9])
def test_a_place_that_is_none_edits_nothing(desk: Desk, place: object) -> None:
    desk.ask("Where?")
    assert desk.talking.begin_edited(KEY, place, "Who?", *AT) == {}
    assert "Where?" in desk.talking.turn_to(KEY, place, place, *AT)["current"]


def test_branches_are_kept_by_the_browser_and_gone_on_with_after_a_restart(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat(["At sea."]))
    desk.ask("Where?")
    *_, last = [desk.talking.begin_edited(KEY, 0, "Who?", *AT), *desk.talking.answer(KEY)]
    (talk,) = Arrival.read(json.dumps({"talks": told(last)["talks"]})).talks
    after = Desk(movie, ScriptedChat(["Mara."]))
    after.visit.kept = {(talk.model, talk.film, talk.section): talk.branched}
    assert "Where?" in after.talking.turn_to(KEY, 0, 0, *AT)["current"]
    assert "Where?" in after.ask("And then?")[-1]["past"]
    shown = after.talking.turn_to(KEY, 0, 1, *AT)
    assert "Who?" in shown["current"] and "At sea." in shown["current"]


@pytest.mark.parametrize(("busy", "answer"), [(False, "At sea."), (True, "Mara.")])
def test_a_page_that_is_opened_anew_goes_on_with_the_chat_that_has_read_its_turns(
    desk: Desk, busy: bool, answer: str
) -> None:
    last = desk.ask("Where?")[-1]
    desk.model.scripted.busy = busy  # its last answer may still be on its way to an end
    desk.model.scripted = ScriptedChat(["Mara."])
    desk.sessions.rejoin("anew", desk.visit.ticket)
    visit = desk.sessions.visit("anew")
    (talk,) = Arrival.read(json.dumps({"talks": told(last)["talks"]})).talks
    visit.showing, visit.kept = AT, {(talk.model, talk.film, talk.section): talk.branched}
    shown = [desk.talking.begin("anew", "Who?", *AT), *desk.talking.answer("anew")][-1]
    assert "Where?" in shown["past"] and answer in shown["current"]


def test_a_new_conversation_knows_nothing_of_the_one_before_and_keeps_it_reachable(movie: Movie) -> None:
    desk = Desk(movie, ScriptedChat(["At sea."]))
    assert "no question yet" in desk.talking.begin_conversation(KEY, *AT)["alert"]
    desk.ask("Where?")
    begun = desk.talking.begin_conversation(KEY, *AT)
    assert begun["past"] == "" and "invitation" in begun["current"] and 'data-place="0"' in begun["current"]
    (talk,) = Arrival.read(json.dumps({"talks": told(begun)["talks"]})).talks
    after = Desk(movie, ScriptedChat(["Mara."]))
    after.visit.kept = {(talk.model, talk.film, talk.section): talk.branched}
    last = after.ask("Who?")[-1]
    assert last["past"] == "" and "2 of 2" in last["current"]
    assert "Where?" in after.talking.turn_to(KEY, 0, 0, *AT)["current"]
    desk.talking.begin(KEY, "And then?", *AT)
    assert "still being written" in desk.talking.begin_conversation(KEY, *AT)["alert"]


def test_retry_keeps_the_first_answer_and_undo_shows_a_way_to_it(desk: Desk) -> None:
    desk.ask("Where?")
    desk.talking.begin_again(KEY, *AT)
    *_, last = desk.talking.answer(KEY)
    assert "2 of 2" in last["current"]
    undone = desk.talking.undo(KEY, *AT)["current"]
    assert "invitation" in undone and 'data-place="0" data-open="0"' in undone
