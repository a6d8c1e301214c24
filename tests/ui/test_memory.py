"""What the browser keeps: the address, the conversation, what is being written; over a reload and over a restart."""

import contextlib
import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, start_small_films
from tests.ui.test_page import ask, expect_words, open_harbour, press_ask, press_stop, stop, wait_for_video

SECTION = "#strip [data-section='1']"


def box(page: Page) -> str:
    return page.get_by_label("Your question").input_value()


def in_address(page: Page, *wanted: str) -> None:
    page.wait_for_function("wanted => wanted.every(part => location.search.includes(part))", arg=list(wanted))


def test_reload_keeps_film_section_second_conversation_and_draft(page: Page) -> None:
    open_harbour(page)
    page.locator(SECTION).click()
    expect(page.locator("#timeline [data-open='1']")).to_be_attached()  # a person needs longer than that to ask
    ask(page, "Where is the map?")
    stop(page)
    said = page.locator("#current .answer").inner_text()
    page.locator("#transcript [data-seek='35.000']").click()
    in_address(page, "movie=harbour", "section=1", "t=35")
    page.get_by_label("Your question").fill("And the bo")
    page.reload()
    expect(page.locator("#current .question")).to_contain_text("Where is the map?")
    expect_words(page, said)
    expect(page.locator(SECTION)).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 35")
    page.wait_for_function("document.querySelector('#question textarea').value === 'And the bo'")
    ask(page, "And the boat?")
    expect(page.locator("#past .question")).to_contain_text("Where is the map?")
    stop(page)
    assert int(page.locator("#current .status").get_attribute("data-reused") or 0) > 0


def test_who_comes_back_finds_the_latest_conversation_and_where_others_are(server: Server, page: Page) -> None:
    open_harbour(page)
    page.locator(SECTION).click()
    ask(page, "Where is the map?")
    stop(page)
    in_address(page, "movie=harbour", "section=1")  # an address that changes while another is called for ends the call
    page.goto(server.url)
    expect(page.locator("#current .question")).to_contain_text("Where is the map?")
    expect(page.locator(SECTION)).to_have_attribute("aria-pressed", "true")
    in_address(page, "movie=harbour", "section=1")
    expect(page.locator("#wall [data-film=harbour] .mark")).to_have_text("1 question")
    page.locator("#wall [data-film]:not([data-film=harbour])").first.click()
    expect(page.locator("#wall [data-film=harbour] .mark")).to_have_text("1 question")


def test_two_tabs_in_one_section_keep_what_either_asked(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(f"{server.url}/?movie=harbour")
        expect(tab.locator("#about h2")).to_have_text("The Harbour")
        tab.wait_for_function("window.arrived")
    for tab, question in zip(tabs, ("Where is the map?", "Who is Finn?"), strict=True):
        ask(tab, question)
        stop(tab)
    for tab, last, other in zip(
        tabs, ("Who is Finn?", "Where is the map?"), ("Branch before", "Next branch"), strict=True
    ):
        tab.reload()
        expect(tab.locator("#current .question")).to_contain_text(last)
        tab.get_by_role("button", name=other).click()
        expect(tab.locator("#current .question")).not_to_contain_text(last)
    context.close()


def test_a_question_too_long_stays_in_the_box(page: Page) -> None:
    open_harbour(page)
    page.get_by_label("Your question").fill("why " * 600 + "?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#alert [role=alert]")).to_contain_text("2,401 characters; 2,000 are read at most")
    assert len(box(page)) == 2401


def test_a_link_opens_film_section_second_and_question(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/?movie=harbour&t=41&q=Who%20took%20it%3F")
    expect(page.locator(SECTION)).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 41")
    page.wait_for_function("document.querySelector('#question textarea').value === 'Who took it?'")
    expect(page).to_have_title("The Harbour · A film you can talk with")
    page.close()


def test_an_address_of_a_film_that_is_not_here_says_so(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/?movie=own-1&section=x&t=-4")
    expect(page.locator("#alert")).to_contain_text("is not here")
    expect(page.locator("#wall [data-film][aria-pressed=true]")).to_have_count(1)
    page.close()


def test_back_goes_back(page: Page) -> None:
    open_harbour(page)
    page.locator(SECTION).click()
    in_address(page, "movie=harbour", "section=1")
    page.go_back()
    in_address(page, "movie=harbour", "section=0")
    expect(page.locator("#strip [data-section='0']")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.locator("#about h2")).not_to_have_text("The Harbour")
    page.go_forward()
    expect(page.locator("#about h2")).to_have_text("The Harbour")


def test_forward_while_back_is_under_way_stays(page: Page) -> None:
    open_harbour(page)
    page.evaluate("""() => {
        const other = document.querySelector('#wall [data-film]:not([data-film=harbour])').dataset.film;
        window.cinema.go(other, 0);
        window.cinema.go('harbour', 0);
        const last = window.cinema.where()[0] - 1; // every call takes a number
        window.both = () => Number(document.querySelector('#strip ul').dataset.pressed) >= last;
    }""")
    page.wait_for_function("window.both()")
    expect(page.locator("#about h2")).to_have_text("The Harbour")
    in_address(page, "movie=harbour", "section=0")


def test_what_is_typed_during_an_answer_stays(page: Page) -> None:
    open_harbour(page)
    press_ask(page, "Where is the map?")
    page.wait_for_function("document.querySelector('#question textarea').value === ''")
    page.get_by_label("Your question").fill("Who is Finn?")
    press_stop(page)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert box(page) == "Who is Finn?"


def test_a_suggestion_leaves_what_is_typed(page: Page) -> None:
    open_harbour(page)
    page.get_by_label("Your question").fill("Who is")
    page.locator("#suggestions [data-question]").nth(1).click()
    stop(page)
    assert box(page) == "Who is"


def test_a_film_that_is_left_says_what_became_of_the_answer(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where is the map?")
    expect(page.locator("#current [aria-busy] .answer")).not_to_be_empty()
    page.locator("#wall [data-film]:not([data-film=harbour])").first.click()
    expect(page.locator("#alert")).to_contain_text("The Harbour")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_conversation_goes_on_after_a_server_that_was_killed_while_it_answered(
    films: Path, checkpoint: Path, port: int, browser: Browser, tmp_path: Path
) -> None:
    running = contextlib.contextmanager(start_small_films)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page, left_open = context.new_page(), context.new_page()
    with running(films, checkpoint, tmp_path, port=port) as server:
        page.goto(f"{server.url}/?movie=harbour&section=0")
        expect(page.locator("#model .ready")).to_be_visible()
        ask(page, "Where is the map?")
        stop(page)
        said = page.locator("#current .answer").inner_text()
        left_open.goto(f"{server.url}/?movie=harbour&section=1")
        expect(left_open.locator("#model .ready")).to_be_visible()
        ask(left_open, "Who took it?")
        stop(left_open)
        said_there = left_open.locator("#current .answer").inner_text()
        expect(left_open.locator("#current .evidence img").first).to_be_visible()
        press_ask(page, "And the boat?")
        expect(page.locator("#current [aria-busy] .answer")).to_have_text(re.compile(r"\S"))
        server.process.kill()
        page.goto("about:blank")
    with running(films, checkpoint, tmp_path, port=port) as server:
        page.bring_to_front()  # one that is behind another may not be drawn, and nobody can press there
        page.goto(f"{server.url}/?movie=harbour&section=0")
        expect_words(page, said)
        expect(page.get_by_label("Your question")).to_have_value("And the boat?")
        page.locator("#ask").click()
        stop(page)
        expect(page.locator("#past .answer")).to_have_text(said)
        # The other page knows of nothing: it opens anew by itself, and asks.
        left_open.bring_to_front()
        press_ask(left_open, "And where is it now?")
        expect(left_open.locator("#past .answer")).to_have_text(said_there)
        expect(left_open.locator("#current .question")).to_contain_text("And where is it now?")
        expect(left_open.locator(SECTION)).to_have_attribute("aria-pressed", "true")
        stop(left_open)
        assert box(left_open) == ""
    context.close()
