"""Visitors who turn from one model to another, done by a browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import ROOT, Server, start_small_films, visit
from tests.ui.test_page import ask, open_harbour, press_ask, status, stop, wait_for_video

TINY = "second-tiny"
MINI = "second-mini"
BROKEN = "broken"
PICKER = "Model to talk with"


@pytest.fixture(scope="module")
def choice(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that offers four models: the settings' own, two embedded ones, and one that cannot be loaded."""
    folder = tmp_path_factory.mktemp("choice")
    shutil.copytree(ROOT / "assets" / "llama-vid-tiny", folder / "models" / TINY)
    shutil.copytree(ROOT / "assets" / "llava-mini-tiny", folder / "models" / MINI)
    (folder / "models" / BROKEN).mkdir()
    (folder / "models" / BROKEN / "config.json").write_text("{}")
    yield from start_small_films(films, checkpoint, folder, models=folder / "models")


@pytest.fixture
def page(choice: Server, browser: Browser) -> Iterator[Page]:
    with visit(choice, browser) as page:
        yield page


def choose(page: Page, name: str) -> None:
    page.get_by_label(PICKER).click()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_label(PICKER)).to_have_value(name)


def ready(page: Page, name: str) -> None:
    expect(page.locator("#model .ready")).to_have_text(f"{name} is ready")


def test_no_picker_where_one_model_is_on_offer(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        expect(page.get_by_label(PICKER)).to_have_count(0)


def test_another_model_answers_and_the_old_conversation_waits(page: Page, checkpoint: Path) -> None:
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    page.locator("#strip [data-section='1']").click()
    page.locator("#transcript ol button").nth(2).click()
    wait_for_video(page, "video.currentTime === 35")
    ask(page, "What colour is the boat?")
    expect(page.locator("#current [aria-busy] .answer")).to_have_text(re.compile(r"\S"))
    choose(page, TINY)
    expect(page.locator("#alert [role=status]")).to_have_text(
        f"You now talk with {TINY}; this is a new conversation. "
        f"{checkpoint.name} was stopped; switch back to read what it wrote."
    )
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value("What colour is the boat?")
    ready(page, TINY)
    expect(page.locator("#cost")).to_have_text(re.compile(r"30 frames.*tokens.*memory of this film: .*B", re.S))
    expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 35")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(status(page)).to_have_attribute("data-finished", "end")
    expect(page.locator("#current .evidence .heat").first).to_be_attached()
    choose(page, checkpoint.name)
    ready(page, checkpoint.name)
    expect(status(page)).to_have_attribute("data-finished", "stopped")
    expect(page.locator("#current .evidence img").first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn")).to_have_count(0)
    choose(page, TINY)
    expect(page.locator("#alert")).to_contain_text(f"You now talk with {TINY} again; your conversation goes on.")
    expect(status(page)).to_have_attribute("data-finished", "end")


def test_invitation_is_true_of_the_model_that_is_chosen(page: Page) -> None:
    open_harbour(page)
    invitation = page.locator(".invitation p")
    expect(invitation).to_contain_text("At your first question it watches the section for it")
    for name in (TINY, MINI):
        choose(page, name)
        expect(page.locator("#model .ready")).to_contain_text(f"{name} is ready")
        expect(invitation).to_have_text(re.compile("^Ask about The Harbour: this small model knows a drawn world, .*"))
        expect(invitation).to_contain_text(
            "watches the section as soon as it is open; after that it answers from memory"
        )


def test_keyboard_chooses_and_others_keep_their_model(page: Page, choice: Server, browser: Browser) -> None:
    own = page.get_by_label(PICKER).input_value()
    page.get_by_label(PICKER).focus()
    expect(page.get_by_role("option", name=TINY)).to_be_visible()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    ready(page, TINY)
    with visit(choice, browser) as other:
        ready(other, own)
        expect(other.get_by_label(PICKER)).to_have_value(own)
        ready(page, TINY)


def test_model_that_cannot_be_loaded_is_named_and_can_be_left(page: Page, checkpoint: Path) -> None:
    open_harbour(page)
    choose(page, BROKEN)
    expect(page.locator("#model [role=alert]")).to_contain_text(BROKEN)
    press_ask(page, "Where does the film begin?")
    expect(page.locator("#alert [role=alert]")).to_contain_text(BROKEN)
    choose(page, checkpoint.name)
    ready(page, checkpoint.name)
    expect(page.locator("#alert [role=alert]")).to_have_count(0)
    ask(page, "Where does the film begin?")
    stop(page)


def test_phone_shows_the_picker_without_sideways_scrolling(choice: Server, browser: Browser) -> None:
    with visit(choice, browser, width=390) as page:
        page.get_by_label(PICKER).click()
        expect(page.get_by_role("option")).to_have_count(4)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
