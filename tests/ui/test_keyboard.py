"""The page without a mouse: few Tab stops, keys for the player, and a focus that is never lost."""

from playwright.sync_api import Page, expect

from llamavid_demo.ui import talk
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

LOADED = "video.readyState > 0 && video.duration > 59"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_first_tab_skips_to_the_question_box(page: Page) -> None:
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to the question box")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_lists_are_one_tab_stop_each(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, LOADED)
    films = page.locator("#wall button")
    films.first.focus()
    press(page, "ArrowRight")
    expect(films.nth(1)).to_be_focused()
    press(page, "End", "Home")
    expect(films.first).to_be_focused()
    press(page, "Tab")
    expect(page.locator("#wall :focus")).to_have_count(0)
    press(page, "Shift+Tab")
    expect(page.locator("#wall :focus")).to_have_count(1)

    lines = page.locator("#transcript ol button")
    page.get_by_label("Search the dialogue").focus()
    press(page, "Tab", "ArrowDown", "ArrowDown", "Enter")
    expect(lines.nth(2)).to_be_focused()
    wait_for_video(page, "video.currentTime === 35")
    press(page, "Tab")
    expect(page.locator("#transcript :focus")).to_have_count(0)

    page.locator("#suggestions button").first.focus()
    press(page, "ArrowRight", "Enter")
    expect(page.locator("#current .question")).to_contain_text("What colour is the boat?")
    stop(page)


def test_tab_goes_from_the_search_to_what_was_found_and_escape_clears_it(page: Page) -> None:
    open_harbour(page)
    search = page.get_by_label("Search the dialogue")
    search.fill("tide")
    press(page, "Tab")
    expect(page.locator("#transcript ol button").nth(2)).to_be_focused()
    search.focus()
    press(page, "Escape")
    expect(search).to_have_value("")
    expect(page.locator("#transcript li:visible")).to_have_count(3)


def test_keys_move_the_film_but_not_while_somebody_types(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, LOADED)
    page.locator("#transcript ol button").first.click()
    press(page, "Space")
    wait_for_video(page, "!video.paused")
    press(page, "k")
    wait_for_video(page, "video.paused")
    page.locator("#about h2").click()
    page.evaluate("window.cinema.seek(0)")
    press(page, "l", "l", "ArrowRight", "ArrowRight", "j", "ArrowLeft")
    wait_for_video(page, "video.currentTime === 15")
    press(page, "/")
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    press(page, "k", "/", "?")
    expect(box).to_have_value("k/?")
    press(page, "Escape")
    expect(box).not_to_be_focused()
    press(page, "?")
    expect(page.get_by_text("play or pause")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_text("play or pause")).to_be_hidden()


def test_focus_returns_to_the_box(page: Page) -> None:
    open_harbour(page)
    box = page.get_by_label("Your question")
    ask(page, "Where does the film begin?")
    expect(box).to_be_focused()
    stop(page)
    expect(box).to_be_focused()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(box).to_be_focused()
    stop(page)


def test_times_in_answers_and_stills_of_the_strip_seek(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, LOADED)
    stills = page.locator("#strip .card").nth(1).get_by_role("button", name="Go to")
    expect(stills.locator("img")).to_have_count(4)
    stills.nth(2).click()
    expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, f"video.currentTime === {stills.nth(2).get_attribute('data-seek')}")
    ask(page, "Where does the film begin?")
    stop(page)
    expect(page.locator("#current .looked")).to_be_visible()  # the answer is drawn for the last time
    link = talk.timed("It begins at 0:07.", 60)
    page.locator("#current .answer").evaluate("(answer, html) => { answer.innerHTML = html }", link)
    page.get_by_role("link", name="0:07").click()
    wait_for_video(page, "video.currentTime === 7")
