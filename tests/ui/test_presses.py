"""Presses without a wait between them come out in the order in which they were made, whichever request is first."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.test_page import open_harbour, stop

ROAD = "#wall [data-film=a-quiet-road]"
FIRST, SECOND = ("#strip [data-section='0']", "#strip [data-section='1']")
ASK, SUGGESTED = "#ask", "#suggestions [data-question^='Who speaks']"
TO_FIRST, TO_SECOND, TO_ROAD = '"section":"0"', '"section":"1"', '"film":"a-quiet-road"'  # what their requests tell
LEFT = "the section that you have left"
PRESS = "(pressed) => pressed.forEach((selector) => document.querySelector(selector).click())"

# How many requests have been sent.
COUNT = """() => {
  const plainFetch = window.fetch;
  window.joined = 0;
  window.fetch = (address, options) => {
    window.joined += String(address?.url ?? address).includes('/queue/join');
    return plainFetch(address, options);
  };
}"""


class Held:
    """Of the requests that the page sends, holds those back that tell of something, until they are let go."""

    def __init__(self, page: Page, telling: str) -> None:
        self._telling = telling
        self._waiting: list[Route] = []
        page.route("**/queue/join?*", self._join)

    def _join(self, route: Route) -> None:
        if self._telling and self._telling in (route.request.post_data or ""):
            self._waiting.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        self._telling = ""
        for route in self._waiting:
            route.continue_()


def press(page: Page, *pressed: str, held: str) -> Held:
    """Press things one right after the other; the request that tells of `held` is held back."""
    holding = Held(page, held)
    page.evaluate(PRESS, list(pressed))
    return holding


def in_section(page: Page, film: str, section: int) -> None:
    """The page shows that film and section, in its address too, and nothing of it is on its way."""
    expect(page.locator(f"#strip [data-film={film}][data-section='{section}']")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page).to_have_url(re.compile(f"movie={film}&section={section}"))


@pytest.mark.parametrize("late", [0, 1], ids=["first request late", "second request late"])
def test_quick_presses_come_out_in_their_order(page: Page, late: int) -> None:
    open_harbour(page)
    box, alert = page.get_by_label("Your question"), page.locator("#alert")

    # A section, then Ask.
    box.fill("Who took it?")
    held_back = press(page, SECOND, ASK, held=(TO_SECOND, "Who took it?")[late])
    expect(page.locator(SECOND)).to_have_attribute("aria-pressed", "true")
    if late == 0:
        expect(page.locator("#current .question")).to_contain_text("Who took it?")
    held_back.let_go()
    stop(page)
    in_section(page, "harbour", 1)
    expect(page.locator("#current .question")).to_contain_text("Who took it?")
    expect(page.locator("#current .evidence img").first).to_be_visible()

    # A section, then a question that is suggested for the one before.
    held_back = press(page, FIRST, SUGGESTED, held=(TO_FIRST, "Who speaks")[late])
    expect(page.locator(FIRST)).to_have_attribute("aria-pressed", "true")
    held_back.let_go()
    in_section(page, "harbour", 0)
    expect(alert).to_contain_text(LEFT)
    expect(page.locator(".turn")).to_have_count(0)

    # Two sections.
    page.evaluate(COUNT)
    held_back = press(page, SECOND, FIRST, held=(TO_SECOND, TO_FIRST)[late])
    held_back.let_go()
    page.wait_for_function("window.joined >= 10")  # both, with the four steps that follow each: what they show is there
    in_section(page, "harbour", 0)

    # A film, then Ask.
    box.fill("What is this?")
    held_back = press(page, ROAD, ASK, held=(TO_ROAD, "What is this?")[late])
    in_section(page, "a-quiet-road", 0)
    held_back.let_go()
    stop(page)
    in_section(page, "a-quiet-road", 0)
    expect(page.locator("#current .question")).to_contain_text("What is this?")
    expect(page.locator("#about h2")).to_have_text("a quiet road")
