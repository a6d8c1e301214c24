"""One address may ask so many questions in an hour, whichever door it takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from openai import OpenAI, RateLimitError
from playwright.sync_api import Browser, expect

from llamavid_demo.errors import BusyError
from llamavid_demo.ui import pace
from llamavid_demo.ui.pace import Pace
from tests.ui.conftest import Server, start_small_films, visit
from tests.ui.test_mcp_tools import call


def test_questions_are_counted_by_address_and_hour() -> None:
    now = [0.0]
    paced = Pace(2, now=lambda: now[0])
    for at in (0.0, 600.0):
        now[0] = at
        paced.question("a")
    with pytest.raises(BusyError, match=r"limited to 2 an hour.* the next one in 51 min\.$"):
        paced.question("a")
    paced.question("b")
    now[0] = 3600.0
    paced.question("a")
    with pytest.raises(BusyError):
        paced.question("a")


def test_as_many_addresses_are_remembered_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_ADDRESSES", 3)
    paced = Pace(1)
    for address in "abcd":
        paced.question(address)
    paced.question("a")  # forgotten
    with pytest.raises(BusyError):
        paced.question("d")


def test_nobody_counts_without_a_limit() -> None:
    paced = Pace(None)
    for _ in range(100):
        paced.question("a")


@pytest.fixture(scope="module")
def paced(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from start_small_films(films, checkpoint, tmp_path_factory.mktemp("paced"), questions_an_hour=1)


def test_every_door_counts(paced: Server, browser: Browser, checkpoint: Path) -> None:
    asked: dict[str, Any] = {"movie": "harbour", "section": 0, "question": "Who speaks?", "max_new_tokens": 2}
    client = Client(paced.url, verbose=False)
    assert client.predict(**asked, api_name="/ask")["finished"]
    with pytest.raises(AppError, match="limited to 1 an hour"):
        client.predict(**asked, api_name="/ask")
    with pytest.raises(RateLimitError, match="limited to 1 an hour"):
        OpenAI(base_url=f"{paced.url}/v1", api_key="none", max_retries=0).chat.completions.create(
            model=f"{checkpoint.name}/harbour", messages=[{"role": "user", "content": "Who speaks?"}]
        )
    refused = call(paced, "ask", asked)
    assert refused.isError and "limited to 1 an hour" in refused.content[0].text  # type: ignore[union-attr]
    with visit(paced, browser) as page:
        page.locator("#question textarea").fill("Who speaks?")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("#alert")).to_contain_text("limited to 1 an hour")
        expect(page.locator("#question textarea")).to_have_value("Who speaks?")
