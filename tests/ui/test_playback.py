"""Films of the folder that browsers cannot play as they are, seen in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import Server, make_clip, start_small_films, visit
from tests.ui.test_page import wait_for_video

FILMS = {
    "talkie.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "ac3"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=0", "-pix_fmt", "yuv420p10le", "-c:a", "aac"),
    "cut.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-output_ts_offset", "600"),
}


@pytest.fixture(scope="module")
def unfriendly(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page with short films that browsers do not play, and a longer one that they do."""
    folder = tmp_path_factory.mktemp("unfriendly")
    (films := folder / "movies").mkdir()
    for name, encoder in FILMS.items():
        tone = ("-f", "lavfi", "-i", "sine=duration=4")
        run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=5:duration=4", *tone, *encoder, films / name)
    make_clip(films / "plain.mp4", seconds=12)
    yield from start_small_films(films, checkpoint, folder, read_ahead="off")


def test_the_film_that_is_open_first_plays_and_the_others_get_their_copy(unfriendly: Server, browser: Browser) -> None:
    with visit(unfriendly, browser) as page:
        expect(page.locator("#wall [aria-pressed=true]")).to_have_attribute("data-film", "plain")
        wait_for_video(page, "video.readyState >= 2 && video.videoWidth === 320 && video.duration > 11")
        for name in FILMS:
            before = page.evaluate("document.querySelector('#player video').currentSrc")
            page.locator(f"#wall [data-film={Path(name).stem}]").click()
            expect(page.get_by_label("Your question")).to_be_editable()
            wait_for_video(page, f"video && video.readyState >= 2 && video.currentSrc !== '{before}'")
            page.evaluate("Object.assign(document.querySelector('#player video'), { muted: true }).play()")
            wait_for_video(page, "video.currentTime > 0.5 && video.videoWidth === 320 && video.duration < 5")
            expect(page.locator("#copying .bar, #copying .alert, #alert .alert")).to_have_count(0)
            expect(page.locator("body")).not_to_contain_text("not allowed")
        expect(page.get_by_text("Error", exact=True)).to_have_count(0)
    assert len([path for path in (unfriendly.cache / "page").iterdir() if path.suffix != ".jpg"]) == len(FILMS)
