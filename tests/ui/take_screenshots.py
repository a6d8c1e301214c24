"""Takes the pictures of `assets/screenshots/`, and a moving one of asking: `python -m tests.ui.take_screenshots`.

The real page, the bundled films and the embedded model (or LLAMAVID_MODEL), by day, by night and on a phone.
"""

import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from llamavid_demo.settings import Settings
from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import CHROMIUM, ROOT, make_clip, start_page

FOLDER = ROOT / "assets" / "screenshots"
FILM = "the-lost-map"
QUESTION = "What does Otto say about the map?"
LONG_FILM = "a-year-of-letters"
PATIENCE = 180_000  # milliseconds


@contextlib.contextmanager
def opened(browser: Browser, url: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Iterator[Page]:
    """A page with its model and its pictures."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#model .ready")).to_be_visible()
    yield page
    context.close()


def show(page: Page, film: str, at: float) -> None:
    """Open a film and stand at a second of it."""
    page.locator(f"#wall [data-film={film}]").click()
    expect(page.locator(f"#wall [data-film={film}]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#strip img").first).to_be_visible()
    page.wait_for_function(
        "film => { const video = document.querySelector('#player video');"
        " return video.src.includes(film) && video.readyState >= 2 }",
        arg=film,
    )
    stand(page, at)


def stand(page: Page, at: float) -> None:
    """Move the player, and wait for its picture."""
    page.evaluate("at => window.cinema.seek(at)", at)
    page.wait_for_function(
        "at => { const video = document.querySelector('#player video');"
        " return video.currentTime === at && !video.seeking && video.readyState >= 2 }",
        arg=at,
    )


def answers(page: Page, *numbers: int) -> None:
    """Ask suggested questions by number, and wait for the answers and the pictures of the evidence."""
    for number in numbers:
        before = page.locator(".turn").count()
        page.locator("#suggestions button").nth(number).click()
        expect(page.locator(".turn")).to_have_count(before + 1)
        expect(page.locator("#current .status")).to_be_visible()
    expect(page.locator("#current .evidence .blank")).to_have_count(0)


def take(page: Page, name: str, *, whole: bool = False) -> None:
    """Save one picture."""
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=86, full_page=whole)
    sys.stdout.write(f"{name}\n")


def record(browser: Browser, url: str, folder: Path) -> None:
    """Save a moving picture of a question, its answer, and a press on a moment that the answer leaned on."""
    size: Any = {"width": 1280, "height": 800}
    context = browser.new_context(viewport=size, record_video_dir=folder, record_video_size=size)
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#model .ready")).to_be_visible()
    show(page, FILM, 14)
    began = time.monotonic()
    page.wait_for_timeout(1500)
    page.locator("#question textarea").press_sequentially(QUESTION, delay=70)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#current .status")).to_be_visible()
    expect(page.locator("#current .evidence .blank")).to_have_count(0)
    page.wait_for_timeout(2000)
    page.locator("#current .evidence button").last.click()
    page.locator("#player video").evaluate("video => video.play()")
    page.wait_for_timeout(4000)
    lasted = time.monotonic() - began
    video = page.video
    context.close()
    assert video
    moving = ["-vf", "fps=10,scale=960:-1:flags=lanczos", "-c:v", "libwebp_anim", "-quality", "55", "-loop", "0"]
    run_ffmpeg("-sseof", -lasted, "-i", video.path(), *moving, FOLDER / "asking.webp")
    sys.stdout.write("asking\n")


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    model = os.environ.get("LLAMAVID_MODEL", Settings().model)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        server = start_page(Path(folder) / "cache", Path(folder) / "log.txt", model=model)
        url = next(server).url
        with opened(browser, url) as page:
            show(page, FILM, 14)
            take(page, "arrival")
            if page.locator(f"#wall [data-film={LONG_FILM}]").count():
                show(page, LONG_FILM, 20)
                expect(page.locator("#model .ahead")).to_have_text(re.compile(r"reading ahead \d"))
                take(page, "reading")
                show(page, FILM, 14)
            answers(page, 0, 3)
            take(page, "answer")
            picker = page.get_by_label("Model to talk with")
            if picker.count():
                picker.click()
                page.get_by_role("option", selected=False).first.click()
                expect(page.locator("#alert [role=status]")).to_contain_text("You now talk with")
                expect(page.locator("#cost")).to_contain_text("memory of this film")
                take(page, "models")
            page.locator("[data-bring]").click()
            broken = Path(folder) / "holiday.mp4"
            broken.write_bytes(b"this is no film")
            page.locator("#bring-video input").set_input_files(broken)
            expect(page.locator("#bring-video")).to_contain_text("holiday")
            page.get_by_role("button", name="Open this film").click()
            expect(page.locator("#bring-alert [role=alert]")).to_be_visible()
            take(page, "broken-file")
        with opened(browser, url) as page:
            page.locator("[data-bring]").click()
            clip = make_clip(Path(folder) / "my_holiday.mp4", seconds=20)
            page.locator("#bring-video input").set_input_files(clip)
            expect(page.locator("#bring-video")).to_contain_text("my_holiday")
            take(page, "bring")
            page.get_by_role("button", name="Open this film").click()
            expect(page.locator("#wall [data-film^=own]")).to_be_visible()
            expect(page.locator("#strip img").first).to_be_visible()
            take(page, "own-film")
        with opened(browser, url, dark=True) as page:
            show(page, FILM, 14)
            answers(page, 0, 3)
            take(page, "dark")
            if page.locator(f"#wall [data-film={LONG_FILM}]").count():
                show(page, LONG_FILM, 20)
                page.locator("#strip [data-section='1']").click()
                expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
                expect(page.locator("#cost")).to_contain_text("memory of this film")
                stand(page, 1815)
                take(page, "sections", whole=True)
        record(browser, url, Path(folder))
        with opened(browser, url, width=390, height=844) as page:
            show(page, FILM, 14)
            answers(page, 0)
            take(page, "phone")
        with opened(browser, url, width=1920, height=1080) as page:
            show(page, FILM, 14)
            answers(page, 0, 3)
            take(page, "wide")
        browser.close()
        server.close()


if __name__ == "__main__":
    main()
