"""Presses without a wait between them come out in the order in which they were made, whichever request is first."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.test_page import open_harbour, stop

ROAD = "#wall [data-film=a-quiet-road]"
FIRST, SECOND = ("#strip [data-section='0']", "#strip [data-section='1']")
ASK = "#ask"
PRESS = "(pressed) => pressed.forEach((selector) => document.querySelector(selector).click())"


class Held:
    """Of the requests that the page sends next, holds one back until it is let go."""

    def __init__(self, page: Page, number: int) -> None:
        self._number = number
        self._sent = 0
        self._waiting: list[Route] = []
        page.route("**/queue/join?*", self._join)

    def _join(self, route: Route) -> None:
        self._sent += 1
        if self._sent == self._number + 1:
            self._waiting.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        self._waiting.pop().continue_()


def press(page: Page, *pressed: str, held: int) -> Held:
    """Press things one right after the other; request number `held` of theirs is held back."""
    holding = Held(page, held)
    page.evaluate(PRESS, list(pressed))
    return holding


def in_section(page: Page, film: str, section: int) -> None:
    """The page shows that film and section, in its address too, and nothing of it is on its way."""
    expect(page.locator(f"#strip [data-film={film}][data-section='{section}']")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page).to_have_url(re.compile(f"movie={film}&section={section}"))


@pytest.mark.parametrize("held", [0, 1], ids=["section held back", "what follows held back"])
def test_quick_presses_come_out_in_their_order(page: Page, held: int) -> None:
    open_harbour(page)
    box, alert = page.get_by_label("Your question"), page.locator("#alert")

    # A section, then Ask.
    box.fill("Who took it?")
    held_back = press(page, SECOND, ASK, held=held)
    expect(page.locator(SECOND)).to_have_attribute("aria-pressed", "true")
    if held == 0:
        expect(page.locator("#current .question")).to_contain_text("Who took it?")
    held_back.let_go()
    stop(page)
    in_section(page, "harbour", 1)
    expect(page.locator("#current .question")).to_contain_text("Who took it?")

    # A section, then a question that is suggested for the one before.
    held_back = press(page, FIRST, "#suggestions [data-question^='Who speaks']", held=held)
    if held == 0:
        expect(alert).to_contain_text("the section that you have left")
    else:
        expect(page.locator(FIRST)).to_have_attribute("aria-pressed", "true")
    held_back.let_go()
    expect(alert).to_contain_text("the section that you have left")
    in_section(page, "harbour", 0)
    expect(page.locator(".turn")).to_have_count(0)

    # Two sections.
    held_back = press(page, SECOND, FIRST, held=held)
    held_back.let_go()
    in_section(page, "harbour", 0)

    # A film, then Ask.
    box.fill("What is this?")
    held_back = press(page, ROAD, ASK, held=held)
    in_section(page, "a-quiet-road", 0)
    held_back.let_go()
    stop(page)
    in_section(page, "a-quiet-road", 0)
    expect(page.locator("#current .question")).to_contain_text("What is this?")
    expect(page.locator("#about h2")).to_have_text("a quiet road")
