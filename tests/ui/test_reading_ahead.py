"""What is open is read ahead, done by a browser: the first question finds it read."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import LONG_ANSWER, Server, make_clip, start_page, start_small_films, visit
from tests.ui.test_page import ask, open_harbour, press_ask, status, stop

FILM = "the-lost-map"  # the shortest: second looks weigh most in its prompts


def ahead(page: Page, state: str) -> None:
    expect(page.locator("#model [data-ahead]")).to_have_attribute("data-ahead", state)


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page as it is shipped: bundled films, embedded model."""
    folder = tmp_path_factory.mktemp("bundled")
    yield from start_page(folder / "cache", folder / "log.txt", models=folder / "none")


def test_first_question_about_a_bundled_film_finds_it_read(bundled: Server, browser: Browser) -> None:
    with visit(bundled, browser) as page:
        page.locator(f"#wall [data-film={FILM}]").click()
        expect(page.locator(f"#wall [data-film={FILM}]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".invitation")).to_contain_text("as soon as it is open")
        ahead(page, "reading")
        ahead(page, "ready")
        expect(page.locator("#model")).to_contain_text("llama-vid-tiny is ready")
        expect(page.locator("#model")).to_contain_text("this section is read")
        ask(page, "Where does the film begin?")
        expect(status(page)).to_have_attribute("data-finished", "end")
        reused, prompt = (int(status(page).get_attribute(f"data-{name}") or 0) for name in ("reused", "prompt"))
        assert reused >= 0.95 * prompt > 0


def test_reading_ahead_follows_the_visitor_and_goes_on_where_it_stopped(bundled: Server, browser: Browser) -> None:
    with visit(bundled, browser) as page:
        page.locator("#wall [data-film=a-year-of-letters]").click()
        expect(page.locator("#model .ahead")).to_have_text(re.compile(r"reading ahead \d\d "))
        page.locator(f"#wall [data-film={FILM}]").click()
        ahead(page, "ready")
        page.locator("#wall [data-film=a-year-of-letters]").click()
        expect(page.locator("#model .ahead")).to_have_text(re.compile(r"reading ahead \d"))
        # A part of 256 frames of 1,800 was kept.
        assert int(re.sub(r"\D", "", page.locator("#model .ahead").inner_text())) >= 7


@pytest.fixture(scope="module")
def without(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that reads nothing ahead."""
    folder = tmp_path_factory.mktemp("without")
    yield from start_small_films(films, checkpoint, folder, guide="ahead", read_ahead="off")


def test_where_it_is_off_the_first_question_reads_the_section(without: Server, browser: Browser) -> None:
    with visit(without, browser) as page:
        open_harbour(page)
        ahead(page, "off")
        expect(page.locator(".invitation")).to_contain_text("at your first question")
        assert not list(without.cache.rglob("*.safetensors"))
        ask(page, "Where does the film begin?")
        stop(page)
        expect(status(page)).to_contain_text("none reused")
        assert list(without.cache.rglob("*.safetensors"))


@pytest.fixture
def vanishing(films: Path, checkpoint: Path, tmp_path: Path) -> Iterator[Server]:
    """A page with a long film, in a folder of its own so that it may go."""
    folder = tmp_path / "movies"
    folder.mkdir()
    shutil.copy(films / "a_quiet_road.mp4", folder)
    make_clip(folder / "a_long_night.mp4", seconds=1500)
    yield from start_page(
        tmp_path / "cache",
        tmp_path / "log.txt",
        movies=folder,
        model=checkpoint,
        models=tmp_path / "none",
        max_new_tokens=LONG_ANSWER,
        guide="ahead",
    )


def test_film_that_goes_while_it_is_read_ahead(vanishing: Server, browser: Browser, tmp_path: Path) -> None:
    with visit(vanishing, browser) as page:
        page.locator("#wall [data-film=a-long-night]").click()
        expect(page.locator("#model .ahead")).to_have_text(re.compile(r"reading ahead [1-9]"))
        (tmp_path / "movies" / "a_long_night.mp4").unlink()
        ahead(page, "failed")
        expect(page.locator("#model .ahead")).to_have_text(
            "not read ahead: That film is no longer here: pick another one, or bring it again."
        )
        press_ask(page, "What is this?")
        expect(page.locator("#alert [role=alert]")).to_contain_text("no longer here")
        expect(page.get_by_label("Your question")).to_have_value("What is this?")
        page.locator("#wall [data-film=a-quiet-road]").click()
        ahead(page, "ready")
        page.get_by_label("Your question").fill("")
        ask(page, "What is that?")
        stop(page)
