"""Films of the folder that browsers cannot play as they are, seen in a browser."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from llamavid_demo.ui.screening import PREPARING
from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import Server, make_clip, start_small_films, visit
from tests.ui.test_own_films import DROP, press_open
from tests.ui.test_page import ask, stop, wait_for_video

FILMS = {
    "talkie.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "ac3"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=0", "-pix_fmt", "yuv420p10le", "-c:a", "aac"),
    "cut.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-output_ts_offset", "600"),
}
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
# By name: the size in which the film is to be seen, another for each, and its encoder.
UNPLAYABLE = {
    "camera.avi": ((96, 64), ("-c:v", "mpeg4")),
    "stream.mp4": ((80, 64), (*H264, "-f", "mpegts")),
    "colours.mp4": ((64, 64), ("-c:v", "libx264", "-pix_fmt", "yuv444p")),
    "two.mp4": ((96, 48), (
        *H264, "-filter_complex", "[0:v]split[a][b];[a]scale=32:32[c]", "-map", "[c]", "-map", "[b]",
        "-disposition:v:0", "0", "-disposition:v:1", "default",
    )),
}  # fmt: skip
UPRIGHT = (48, 80)
PHONE = "phone.mov"
# Notes all that stands beside the player, however short.
NOTE_BAR = """
window.copying = '';
new MutationObserver(() => {
  window.copying += document.querySelector('#copying .bar')?.textContent ?? '';
}).observe(document, { childList: true, subtree: true, characterData: true });
"""


def make_phone_clip(path: Path) -> Path:
    """Two seconds of HEVC as a phone that was held upright writes it: it lies on its side, and says so."""
    lying = path.with_name("lying.mov")
    hevc = ("-c:v", "libx265", "-x265-params", "log-level=0", "-pix_fmt", "yuv420p", "-tag:v", "hvc1")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=80x48:rate=5:duration=2", *hevc, lying)
    run_ffmpeg("-i", lying, "-c", "copy", "-tag:v", "hvc1", "-metadata:s:v:0", "rotate=90", path)
    lying.unlink()
    return path


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


@pytest.fixture(scope="module")
def unplayable(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page with nothing but tiny films that browsers do not play."""
    folder = tmp_path_factory.mktemp("unplayable")
    (films := folder / "movies").mkdir()
    for name, ((width, height), encoder) in UNPLAYABLE.items():
        picture = f"testsrc2=size={width}x{height}:rate=5:duration=1"
        run_ffmpeg("-f", "lavfi", "-i", picture, *encoder, films / name)
    make_phone_clip(films / PHONE)
    yield from start_small_films(films, checkpoint, folder, read_ahead="off")


def see(page: Page, size: tuple[int, int]) -> None:
    """Play what the player has when its pictures have that size, and wait until they move."""
    wait_for_video(
        page, f"video?.readyState >= 2 && `${{[video.videoWidth, video.videoHeight]}}` === '{size[0]},{size[1]}'"
    )
    page.evaluate("Object.assign(document.querySelector('#player video'), { muted: true }).play()")
    wait_for_video(page, "video.currentTime > 0.3")


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


def test_where_browsers_play_no_film_each_says_so_and_plays_as_a_copy(unplayable: Server, browser: Browser) -> None:
    sizes = {name: size for name, (size, _) in UNPLAYABLE.items()} | {PHONE: UPRIGHT}
    with visit(unplayable, browser, script=NOTE_BAR) as page:
        first = page.locator("#wall [aria-pressed=true]").get_attribute("data-film")
        for name in sorted(sizes, key=lambda name: Path(name).stem != first):
            poster = page.locator(f"#wall [data-film={Path(name).stem}]")
            if Path(name).stem != first:
                page.evaluate("window.copying = ''")
                poster.click()
            expect(poster).to_have_attribute("aria-pressed", "true")
            see(page, sizes[name])
            assert PREPARING in page.evaluate("window.copying"), name
            expect(page.locator("#copying .bar, #copying .alert, #alert .alert")).to_have_count(0)
    told = [line for line in unplayable.log.read_text().splitlines() if "a copy will be made" in line]
    assert sorted(line.split(":")[0] for line in told) == sorted(sizes)


def test_clip_from_a_phone_from_the_drop_to_the_answer(unplayable: Server, browser: Browser, tmp_path: Path) -> None:
    clip = make_phone_clip(tmp_path / "upright.mov")
    with visit(unplayable, browser, width=390, height=844) as page:
        bytes_of = "text => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))"
        content = page.evaluate_handle(bytes_of, base64.b64encode(clip.read_bytes()).decode())
        page.evaluate(DROP, [content, [clip.name]])
        expect(page.locator("#bring-video")).to_contain_text(clip.stem)
        press_open(page)
        expect(page.locator("#about h2")).to_have_text(clip.stem)
        see(page, UPRIGHT)
        ask(page, "What is this?")
        stop(page)
        moment = page.locator("#current .evidence img").first
        expect(moment).to_be_visible()
        for picture in (moment, page.locator("#wall [data-film=own-1] img")):
            assert picture.evaluate("picture => picture.naturalHeight > picture.naturalWidth")
        expect(page.locator("#player video")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
