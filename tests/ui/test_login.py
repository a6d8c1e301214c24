"""A page with a login lets nobody in without it: not to the page, its files and endpoints, nor programs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from openai import OpenAI
from playwright.sync_api import Browser, expect
from pydantic import ValidationError

from llamavid_demo.settings import Settings
from tests.ui.conftest import Server, start_small_films

NAME, PASSWORD = "ada", "bell:in the fog"


@pytest.fixture(scope="module")
def closed(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from start_small_films(films, checkpoint, tmp_path_factory.mktemp("closed"), login=f"{NAME}:{PASSWORD}")


def test_nobody_comes_in_without_it(closed: Server, films: Path) -> None:
    film = f"/gradio_api/file={films / 'harbour' / 'movie.mp4'}"
    for path in ("/config", "/v1/models", "/mcp", "/metrics", film, "/gradio_api/info"):
        assert httpx.get(f"{closed.url}{path}").status_code == 401
    for wrong in ("Bearer x", "Basic x", "Basic YWRhOng=", "Digest", "Bearer \u00fc"):
        headers = {"authorization": wrong.encode()}
        assert httpx.get(f"{closed.url}/v1/models", headers=headers).status_code == 401


def test_visitors_and_programs_come_in_with_it(closed: Server, browser: Browser) -> None:
    assert httpx.get(f"{closed.url}/v1/models", auth=(NAME, PASSWORD)).status_code == 200
    assert OpenAI(base_url=f"{closed.url}/v1", api_key=PASSWORD).models.list().data
    assert Client(closed.url, auth=(NAME, PASSWORD), verbose=False).predict(api_name="/films")
    page = browser.new_page()
    page.goto(closed.url)
    page.get_by_label("username").fill(NAME)
    page.get_by_label("password").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    expect(page.locator("#player video")).to_be_visible()
    page.close()


def test_login_is_no_part_of_what_is_shown_and_has_two_parts() -> None:
    assert PASSWORD not in repr(Settings(login=f"{NAME}:{PASSWORD}"))
    assert Settings(login=f"{NAME}:{PASSWORD}").name_and_password == (NAME, PASSWORD)
    assert Settings().name_and_password is None
    with pytest.raises(ValidationError, match="name:password"):
        Settings(login="ada")
