"""What axe-core finds on the page in each of its states: nothing serious."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

# Off by default in axe, because texts that only look alike confuse it: ours do not.
OPTIONS = {"rules": {"label-content-name-mismatch": {"enabled": True}}}


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=OPTIONS).response
    assert len(found["passes"]) > 20
    return [
        f"{fault['id']}: {node['html']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_nothing_serious_in_any_state(page: Page) -> None:
    assert serious(page) == []
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    expect(page.locator("#current .evidence img").first).to_be_visible()
    assert serious(page) == []
    page.get_by_label("Search the dialogue").fill("boat")
    page.keyboard.press("Tab")
    page.locator("#keys summary").click()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("No spoilers")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-bring]").click()
    expect(page.get_by_role("button", name="Open this film")).to_be_visible()
    assert serious(page) == []


def test_nothing_serious_at_night_and_on_a_phone(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844, dark=True) as page:
        open_harbour(page)
        assert serious(page) == []
        ask(page, "Where does the film begin?")
        stop(page)
        expect(page.locator("#current .evidence img").first).to_be_visible()
        assert serious(page) == []


def test_subtitles_say_what_they_are(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.textTracks[0]?.cues?.length === 3")
    track = page.locator("#player track")
    expect(track).to_have_attribute("label", "Subtitles")
    expect(track).to_have_attribute("srclang", "und")
