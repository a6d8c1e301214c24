"""Several visitors at once, done by a browser: who is answered together, and who waits."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, start_small_films, visit
from tests.ui.test_page import ask, open_harbour, press_stop, status, stop

VISITORS = 4
ANSWER = 1000  # tokens: it takes longer to write them than to press four buttons
ENDLESS = 7500  # tokens: as many as the model has room for
# When the first word of the answer stood on the page, and when its last did, as the machine's clock says.
WATCH = """
new MutationObserver(() => {
  const current = document.querySelector('#current');
  if (!window.firstWord && current?.querySelector('.answer')?.textContent.trim()) window.firstWord = Date.now();
  if (!window.ended && current?.querySelector('.status')) window.ended = Date.now();
}).observe(document, { childList: true, subtree: true, characterData: true });
"""


@pytest.fixture(scope="module")
def cinema(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that answers four visitors at once."""
    folder = tmp_path_factory.mktemp("cinema")
    yield from start_small_films(
        films, checkpoint, folder, max_new_tokens=ANSWER, guide="ahead", answers_at_once=VISITORS
    )


@pytest.fixture(scope="module")
def booth(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that answers one visitor at a time, and lets two wait."""
    folder = tmp_path_factory.mktemp("booth")
    yield from start_small_films(
        films, checkpoint, folder, max_new_tokens=ENDLESS, guide="ahead", answers_at_once=1, queue_length=2
    )


def test_four_visitors_are_answered_together_and_as_if_they_were_alone(cinema: Server, browser: Browser) -> None:
    questions = [f"What happens at second {number}?" for number in range(VISITORS)]
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(visit(cinema, browser)) for _ in questions]
        for page, question in zip(pages, questions, strict=True):
            open_harbour(page)
            page.evaluate(WATCH)
            page.get_by_label("Your question").fill(question)
        for page in pages:
            page.evaluate("document.querySelector('#ask').click()")  # all four within a moment
        for page in pages:
            expect(status(page)).to_be_visible()
        answers = [page.locator("#current .answer").inner_text() for page in pages]
        first_words = [page.evaluate("window.firstWord") for page in pages]
        ends = [page.evaluate("window.ended") for page in pages]
    assert max(first_words) < min(ends)
    alone = Client(cinema.url, verbose=False, httpx_kwargs={"timeout": 60})
    for question, answer in list(zip(questions, answers, strict=True))[:: VISITORS - 1]:  # the first and the last
        report = alone.predict("harbour", 0, question, [], api_name="/ask")
        assert " ".join(answer.split()) == " ".join(report["answer"].split())


def waiting(page: Page, place: int, of: int) -> None:
    expect(page.locator("#activity")).to_have_text(f"Waiting for the model: number {place} of {of} in the queue")


def test_who_waits_sees_the_place_and_can_leave_the_queue(booth: Server, browser: Browser) -> None:
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(visit(booth, browser)) for _ in range(4)]
        for page in pages:
            open_harbour(page)
        first, second, third, fourth = pages
        ask(first, "Where does the film begin?")
        expect(first.locator("#current .answer")).not_to_be_empty()
        ask(second, "And where does it end?")
        waiting(second, 1, 1)
        ask(third, "Who speaks?")
        waiting(third, 2, 2)
        fourth.get_by_label("Your question").fill("Am I too late?")
        fourth.get_by_role("button", name="Ask", exact=True).click()
        expect(fourth.locator("#alert [role=alert]")).to_contain_text("try again in a moment")
        expect(fourth.get_by_label("Your question")).to_have_value("Am I too late?")
        press_stop(second)
        expect(second.locator("#alert [role=status]")).to_contain_text("Stopped before the answer began")
        expect(second.get_by_label("Your question")).to_have_value("And where does it end?")
        expect(second.locator(".turn")).to_have_count(0)
        waiting(third, 1, 1)
        expect(first.locator("#current [aria-busy]")).to_have_count(1)
        stop(first)
        ask(second, "And where does it end?")  # one answer has ended by now: they take so long
        expect(second.locator("#activity")).to_have_text(re.compile(r"number 1 of 1 in the queue, about \d+ (s|min)\b"))
        press_stop(second)
        expect(second.locator(".turn")).to_have_count(0)
        stop(third)
