"""Takes pictures of the page, renews that of the README: `python -m tests.ui.take_screenshots FOLDER`.

The real page, the bundled films and the embedded model (or LLAMAVID_MODEL), in each of the states that states.py
knows, by day, by night and on a phone; and a moving picture of asking.
"""

import base64
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from llamavid_demo.settings import Settings
from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import CHROMIUM, ROOT, make_clip, start_page
from tests.ui.states import SPOKEN, Play, show, states

IN_README = ROOT / "assets" / "screenshots" / "asking.webp"
FILM = "the-lost-map"
MOVING_FILM = "forty-one-steps"  # the moving picture's: people talk there as they do
MOVING_QUESTION, MOVING_START = "What did Hugo see on Sunday night?", 84
QUESTION = "What does Otto say about the map?"
OTHER_QUESTION = "Where is the crown?"
OTHER_MODEL = "llama-vid-tiny"
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
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    expect(page.locator("#model .ready")).to_be_visible()
    yield page
    context.close()


def stand(page: Page, at: float) -> None:
    """Move the player, and wait for its picture."""
    page.evaluate("at => window.cinema.seek(at)", at)
    page.wait_for_function(
        "at => { const video = document.querySelector('#player video');"
        " return video.currentTime === at && !video.seeking && video.readyState >= 2 }",
        arg=at,
    )


def take(page: Page, folder: Path, name: str, *, whole: bool = False) -> None:
    """Save one picture."""
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=86, full_page=whole)
    sys.stdout.write(f"{name}\n")


def take_states(browser: Browser, url: str, play: Play, folder: Path) -> None:
    """Save a picture of each state of the page, by day and by night, on a desktop and on a phone."""
    for where, width, height in (("", 1440, 900), ("-phone", 390, 844)):
        for when in ("", "-dark"):
            with opened(browser, url, width=width, height=height, dark=bool(when)) as page:
                for name in states(page, play):
                    take(page, folder, f"{name}{where}{when}")


def take_others(browser: Browser, url: str, folder: Path) -> None:
    """Save pictures of a long film: while it is read ahead, and all of the page at its second section."""
    with opened(browser, url) as page:
        show(page, LONG_FILM)
        expect(page.locator("#model .ahead")).to_have_text(re.compile(r"reading ahead \d"))
        take(page, folder, "reading")
        page.locator("#strip [data-section='1']").click()
        expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#cost")).to_contain_text("memory of this film")
        stand(page, 1815)
        take(page, folder, "sections", whole=True)


def record(browser: Browser, url: str, aside: Path, folder: Path) -> None:
    """Save a moving picture of a question, its answer, and a press on a moment that the answer leaned on."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#model .ready")).to_be_visible()
    show(page, MOVING_FILM)
    stand(page, MOVING_START)
    expect(page.locator("#model .ahead")).to_have_text(re.compile("is read$"))
    with screencast(page, aside) as pictures:
        page.wait_for_timeout(1500)
        page.locator("#question textarea").press_sequentially(MOVING_QUESTION, delay=70)
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("#current .status")).to_be_visible()
        expect(page.locator("#current .evidence .blank")).to_have_count(0)
        page.wait_for_timeout(2000)
        page.locator("#current .evidence button").last.click()
        page.locator("#player video").evaluate("video => video.play()")
        page.wait_for_timeout(4000)
    context.close()
    moving = ["-vf", "fps=10,scale=960:-1:flags=lanczos", "-c:v", "libwebp_anim", "-quality", "55", "-loop", "0"]
    run_ffmpeg("-f", "concat", "-safe", "0", "-i", pictures, *moving, folder / "asking.webp")
    sys.stdout.write("asking\n")


@contextlib.contextmanager
def screencast(page: Page, aside: Path) -> Iterator[Path]:
    """What Chromium shows, picture by picture; gives ffmpeg's list of them, which is written at the end."""
    taken: list[float] = []
    session = page.context.new_cdp_session(page)

    def keep(frame: dict[str, Any]) -> None:
        (aside / f"{len(taken)}.jpg").write_bytes(base64.b64decode(frame["data"]))
        taken.append(frame["metadata"]["timestamp"])
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 90})
    pictures = aside / "pictures.txt"
    yield pictures
    session.send("Page.stopScreencast")
    session.remove_listener("Page.screencastFrame", keep)  # one may still be on its way
    lasting = [after - before for before, after in pairwise(taken)]
    lines = [f"file {number}.jpg\nduration {seconds:.3f}\n" for number, seconds in enumerate(lasting)]
    pictures.write_text("".join(lines))


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    model = os.environ.get("LLAMAVID_MODEL", Settings().model)
    with tempfile.TemporaryDirectory() as aside, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        things = Path(aside)
        (things / "my_holiday.srt").write_text(SPOKEN)
        (things / "holiday.mp4").write_bytes(b"this is no film")
        play = Play(
            film=FILM, long_film=LONG_FILM, questions=(QUESTION, OTHER_QUESTION), other_model=OTHER_MODEL,
            clip=make_clip(things / "my_holiday.mp4", seconds=20), subtitles=things / "my_holiday.srt",
            broken=things / "holiday.mp4", endless=False,
        )  # fmt: skip
        server = start_page(things / "cache", things / "log.txt", model=model)
        url = next(server).url
        record(browser, url, things, folder)
        take_others(browser, url, folder)
        take_states(browser, url, play, folder)
        browser.close()
        server.close()
    shutil.copy(folder / IN_README.name, IN_README)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
