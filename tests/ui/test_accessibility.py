"""What axe-core finds on the page in each of its states: nothing serious."""

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit
from tests.ui.states import Play, states
from tests.ui.test_page import open_harbour, wait_for_video

# Off by default in axe, because texts that only look alike confuse it: ours do not.
OPTIONS = {"rules": {"label-content-name-mismatch": {"enabled": True}}}
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=OPTIONS).response
    assert len(found["passes"]) > 20
    return faults(found)


def serious_by_day(page: Page) -> list[str]:
    """The same at a desk, and what is pale on the phone, for a page that is there at night; it is left as it was."""
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).not_to_have_class(re.compile("dark"))
    settle(page)
    found = faults(Axe().run(page, options={"runOnly": ["color-contrast"]}).response)
    page.set_viewport_size(DESK)
    settle(page)
    found += serious(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    settle(page)
    return found


def settle(page: Page) -> None:
    """Wait until no colour is on its way into another; it sets out with the next picture."""
    page.evaluate("() => new Promise(shown => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    page.wait_for_function("() => !document.getAnimations().some(one => one instanceof CSSTransition)")


def faults(found: dict[str, Any]) -> list[str]:
    return [
        f"{fault['id']}: {node['html']} {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_nothing_serious_in_any_state_on_a_phone_or_at_a_desk(stage: tuple[Server, Play], browser: Browser) -> None:
    """All of it is pressed on the phone, where nothing runs off the side; at the desk by day only."""
    found = {}
    with visit(stage[0], browser, **PHONE) as page:
        page.emulate_media(color_scheme="dark")
        expect(page.locator("body")).to_have_class(re.compile("dark"))
        for name in states(page, stage[1]):
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], name
            found[name] = serious(page) + serious_by_day(page)
        page.set_viewport_size(DESK)  # a phone has no keys
        page.locator("#keys summary").click()
        found["keys"] = serious(page)
    assert len(found) == 22
    assert {name: told for name, told in found.items() if told} == {}


def test_subtitles_say_what_they_are(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.textTracks[0]?.cues?.length === 3")
    track = page.locator("#player track")
    expect(track).to_have_attribute("label", "Subtitles")
    expect(track).to_have_attribute("srclang", "und")
