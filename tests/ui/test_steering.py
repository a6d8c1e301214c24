"""The settings of an answer: what the page sends with a question, whoever wrote it, and what it shows and keeps."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from llamavid_demo.chat import Turn
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import Arrival, kept_talk
from llamavid_demo.ui.steering import NAMES, UNSTEERED, fitting, kept, options
from llamavid_demo.ui.talk import finished_turn
from tests.ui.scripted import ScriptedChat
from tests.ui.test_conversation import AT, KEY, Desk
from tests.ui.test_conversation import movie as movie  # a fixture
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

SETTINGS = Settings(max_new_tokens=100)
CHOSEN: dict[str, Any] = {
    "reads": "frames", "style": "short", "no_spoilers": True, "guide": "every", "temperature": 0.4, "top_p": 0.9,
    "longest": 50, "penalty": 1.2,
}  # fmt: skip


def sent(second: Any = 72.5, **changed: Any) -> str:
    values = {**CHOSEN, **changed}
    return json.dumps([json.dumps([values[name] for name in NAMES]), second])


def test_what_the_page_sends_are_options() -> None:
    assert options(sent(), SETTINGS) == Options(0.4, 0.9, 50, 72.5, "every", "frames", "short", 1.2)
    assert options(UNSTEERED, SETTINGS) == Options()
    resting = sent(temperature=0, top_p=1, guide="", no_spoilers=False, penalty=1)
    assert options(resting, SETTINGS) == Options(max_new_tokens=50, reads="frames", style="short")
    assert options(sent(second=None), SETTINGS).until == 0
    *before, _ = CHOSEN.values()  # what browsers kept from before there was a penalty
    assert options(json.dumps([json.dumps(before), 72.5]), SETTINGS).repetition_penalty is None


EVIL = [
    None, "", "null", "[" * 5000, "[]", '["x", 1]', '["[1]", 2]', '[{"a": 1}, 2]', '{"a": 1, "b": 2}', UNSTEERED * 2,
    sent(float("nan")), sent(-1), sent("1"), sent([]), sent(temperature=1e999), sent(temperature="hot"), sent(top_p=[]),
    sent(top_p=7), sent(longest=10**6), sent(longest=0), sent(longest=2.5), sent(longest="9"), sent(reads="all"),
    sent(reads={}), sent(style="<b>"), sent(guide="Who?"), sent(no_spoilers="yes"), sent(no_spoilers=None),
    sent(penalty=3), sent(penalty="1"),
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_whatever_a_browser_sends_is_refused_in_a_sentence(movie: Movie, evil: Any) -> None:
    desk = Desk(movie, ScriptedChat(["At sea."]))
    with pytest.raises(QuestionError) as caught:
        desk.talking.begin(KEY, "Where?", *AT, evil)
    assert len(str(caught.value)) < 300
    assert not desk.visit.busy
    assert kept(evil, SETTINGS) == {}


def test_options_go_with_the_question_and_with_its_retry(movie: Movie, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Options] = []
    for name in ("ask", "retry"):
        asking = getattr(ScriptedChat, name)

        def listen(self: ScriptedChat, *given: Any, options: Options, asking: Any = asking, **more: Any) -> Turn:
            heard.append(options)
            return asking(self, *given, **more)  # type: ignore[no-any-return]

        monkeypatch.setattr(ScriptedChat, name, listen)
    desk = Desk(movie, ScriptedChat(["At sea."]))
    list(desk.ask("Where?"))
    desk.talking.begin(KEY, "Where?", *AT, sent())
    list(desk.talking.answer(KEY))
    desk.talking.begin_again(KEY, *AT, sent(9))
    list(desk.talking.answer(KEY))
    assert heard == [Options(), options(sent(), SETTINGS), options(sent(9), SETTINGS)]


def test_the_browser_keeps_what_was_chosen() -> None:
    assert kept(sent(None), SETTINGS) == CHOSEN
    assert kept(UNSTEERED, SETTINGS) == {}


def test_an_answer_says_what_it_knew_also_when_it_was_kept() -> None:
    turn = Turn("Where?", options=Options(until=72.5, reads="subtitles"))
    turn.text, turn.finished = "At sea.", "end"
    talk = kept_talk("m", "harbour", 0, Branches.of([turn]))
    (read,) = Arrival.read(json.dumps({"talks": [talk.model_dump()]})).talks[0].turns
    for one in (turn, read):
        assert "knew the film up to 1:12 · subtitles only" in finished_turn(one)
    evil = talk.model_dump()
    evil["turns"][0]["options"] = {"until": "<script>"}
    assert Arrival.read(json.dumps({"talks": [evil]})).talks == ()


def test_a_model_shows_only_what_it_can_do(micro: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(model: LoadedModel | None) -> list[str]:
        return [name for name, control in fitting(model).items() if control.visible]

    assert shown(None) == []
    monkeypatch.setattr(LoadedModel, "general", True)
    assert shown(micro) == ["guide", "style"]
    monkeypatch.setattr(LoadedModel, "general", False)
    monkeypatch.setattr(LoadedModel, "guided", False)
    assert shown(micro) == []


def test_no_spoilers_is_what_comes_before_the_players_second_and_lasts(page: Page) -> None:
    open_harbour(page)
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("No spoilers").check()
    page.get_by_label("Your question").fill("Where is the map?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#alert")).to_contain_text("Nothing of this section comes before 0:00")
    page.locator("#transcript [data-seek='5.000']").click()
    wait_for_video(page, "video.currentTime === 5 && !video.seeking")
    ask(page, "Where is the map?")
    stop(page)
    expect(page.locator("#current .status")).to_contain_text("knew the film up to 0:05")
    page.reload()
    expect(page.locator("#current .status")).to_contain_text("knew the film up to 0:05")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("No spoilers")).to_be_checked()
    page.get_by_label("No spoilers").uncheck()
    page.locator("#suggestions [data-question]").first.click()
    stop(page)
    expect(page.locator("#current .status")).not_to_contain_text("knew the film")
    page.get_by_label("No spoilers").check()
    page.locator("#current [data-retry]").click()
    stop(page)
    expect(page.locator("#current .status")).to_contain_text("knew the film up to 0:05")
