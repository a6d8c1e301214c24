"""The player runs on into another section: the page says what questions are about, and follows with a word."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

HERE = re.compile(r"section=0")
THERE = re.compile(r"section=1")


def play_at(page: Page, second: float) -> None:
    """Move the player as somebody does who drags its bar."""
    page.locator("#player video").evaluate("(video, second) => { video.currentTime = second; }", second)


def test_a_phone_shows_it_beside_the_player_and_says_where_the_conversation_stays(
    server: Server, browser: Browser
) -> None:
    with visit(server, browser, width=390, height=844) as page:
        open_harbour(page)
        wait_for_video(page, "video && video.readyState >= 1")
        ask(page, "Where is the map?")
        stop(page)
        play_at(page, 40)
        told = page.locator("#watching p")
        expect(told).to_be_in_viewport(ratio=1)
        expect(page.locator("#player video")).to_be_in_viewport(ratio=1)
        told.get_by_role("button").click()
        kept = "Now about 0:30–1:00. What you asked about 0:00–0:30 is kept there."
        expect(page.locator("#alert [role=status]")).to_have_text(kept)
        expect(page.locator("#strip [data-section='0']")).to_contain_text("1 question")


def test_the_page_says_so_and_follows(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        open_harbour(page)
        wait_for_video(page, "video && video.readyState >= 1")
        told = page.locator("#watching p")
        expect(told).to_be_hidden()
        play_at(page, 40)
        expect(told).to_contain_text("You are watching 0:30–1:00; questions are answered about 0:00–0:30.")
        unread = page.locator("#transcript li.unread")
        expect(unread).to_have_text(re.compile("The tide has taken it"))
        told.get_by_role("button").click()
        expect(page).to_have_url(THERE)
        expect(told).to_be_hidden()
        expect(unread).to_have_count(2)
        expect(page.locator("#suggestions")).to_contain_text("this part")
        assert page.locator("#player video").evaluate("video => video.currentTime") == 40
        play_at(page, 10)
        told.get_by_role("checkbox").check()
        expect(told).to_be_visible()
        page.locator("#question textarea").fill("Where is")
        play_at(page, 11)
        expect(told).to_contain_text("answered about 0:30–1:00")
        page.locator("#question textarea").fill("")
        play_at(page, 12)
        expect(page).to_have_url(HERE)
        page.reload()
        wait_for_video(page, "video && video.readyState >= 1")
        play_at(page, 40)
        expect(page).to_have_url(THERE)
