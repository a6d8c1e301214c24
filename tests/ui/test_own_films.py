"""Visitors' own clips in a browser: on their way, refused, opened, removed; and what is left of them on the disk."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.film.film_server import PIECE, Offer, serving
from tests.ui.conftest import Server, make_clip, start_small_films, visit
from tests.ui.test_page import HARBOUR, ask, expect_words, open_harbour, stop, wait_for_video

MOST_MB = 1.0
SLOW = 40_000  # bytes a second


@pytest.fixture(scope="module")
def foyer(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that takes clips of up to 1 MB, addresses of this machine too, and reads nothing ahead.

    It soon forgets who has left.
    """
    folder = tmp_path_factory.mktemp("foyer")
    chosen = {"upload_mb": MOST_MB, "read_ahead": "off", "paste_addresses": "any", "more": {"FORGET": "10"}}
    yield from start_small_films(films, checkpoint, folder, **chosen)


@pytest.fixture
def page(foyer: Server, browser: Browser) -> Iterator[Page]:
    with visit(foyer, browser) as page:
        page.set_viewport_size({"width": 1366, "height": 768})
        page.locator("[data-bring]").click()
        yield page


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that a slow line takes some seconds for."""
    path = make_clip(tmp_path_factory.mktemp("clips") / "my clip.mp4", seconds=12)
    assert 100_000 < path.stat().st_size < MOST_MB * 1e6
    return path


def kept(server: Server) -> set[str]:
    """Names of the files that visitors brought or that were made of those."""
    return {path.name for path in (server.cache / "uploads").rglob("*") if path.is_file()}


def box(page: Page) -> Locator:
    return page.locator("#bring-video")


def choose(page: Page, path: Path) -> None:
    box(page).locator("input").set_input_files(path)


def press_open(page: Page) -> None:
    page.get_by_role("button", name="Open this film").click()


def open_clip(page: Page, path: Path) -> None:
    choose(page, path)
    expect(box(page)).to_contain_text(path.stem)
    press_open(page)
    expect(page.locator("#about h2")).to_have_text(path.stem)


def slow_down(page: Page) -> None:
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)


def test_file_on_its_way_shows_how_far_it_is_and_can_be_cancelled(page: Page, foyer: Server, clip: Path) -> None:
    slow_down(page)
    choose(page, clip)
    trip = page.get_by_role("progressbar", name="Sending my clip.mp4")
    expect(trip).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    expect(page.locator(".trip")).to_contain_text(re.compile(r"my clip\.mp4\d+ % of 0\.\d MB"))
    press_open(page)
    said = page.locator("#bring-travel [role=status]")
    expect(said).to_have_text(re.compile(r"^The file is still on its way: \d+ %\. It is opened when it is here\.$"))
    page.get_by_role("button", name="Cancel sending my clip.mp4").click()
    expect(page.locator("#bring-travel [role=status]")).to_have_text("Cancelled. Nothing was kept of my clip.mp4.")
    expect(page.locator(".trip")).to_have_count(0)
    expect(box(page).locator("input")).to_be_attached()  # another can be chosen
    expect(box(page)).not_to_contain_text("Error")
    page.reload()
    open_harbour(page)
    assert kept(foyer) == set()


def test_too_large_a_file_is_not_sent(page: Page, foyer: Server, tmp_path: Path) -> None:
    expect(page.locator("#bring .limits")).to_contain_text("up to 1 MB")
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(int(MOST_MB * 1e6) + 1))
    choose(page, large)
    expect(page.locator("#bring-travel [role=alert]")).to_have_text(
        "large.mp4 has 1.1 MB; this page takes files of up to 1 MB. Cut it, or make a smaller copy."
    )
    expect(page.locator(".toast-wrap *")).to_have_count(0)
    expect(box(page)).not_to_contain_text("Error")
    assert kept(foyer) == set()


def test_file_that_is_no_video_is_named_once_and_deleted(page: Page, foyer: Server, tmp_path: Path) -> None:
    fake = tmp_path / "fake.mp4"
    fake.write_text("this is not a film")
    choose(page, fake)
    expect(box(page)).to_contain_text("fake")
    press_open(page)
    expect(page.locator("[role=alert]")).to_have_text(
        ["fake.mp4 is a text file, not a video. Give MP4, MOV, MKV, WebM, AVI, MPEG, FLV, OGG, WMV or GIF."]
    )
    expect(page.locator(".toast-wrap *")).to_have_count(0)
    expect(box(page)).not_to_contain_text("fake")
    assert kept(foyer) == set()
    other = tmp_path / "notes.txt"
    other.write_text("no film either")
    choose(page, other)
    expect(page.locator("#bring-travel [role=alert]")).to_contain_text("notes.txt does not fit here")
    assert kept(foyer) == set()


def test_two_own_clips_leave_the_question_in_sight_and_can_be_removed(
    page: Page, foyer: Server, clip: Path, tmp_path: Path
) -> None:
    open_clip(page, clip)
    own = page.locator("#wall [data-film=own-1]")
    expect(own).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.querySelector('[data-film=own-1] img').naturalWidth") > 0
    expect(page.locator("#suggestions button")).to_have_text(["What is this about?", "What can be seen at 0:05?"])
    still = page.locator("#timeline .still[style*=uploads]")
    sheet = re.findall(r"url\(([^)]+)\)", still.get_attribute("style") or "")[0].strip("\"'")
    assert page.request.get(f"{foyer.url}/{sheet}").headers["content-type"] == "image/jpeg"
    assert Path(sheet).name in kept(foyer)
    page.locator("[data-bring]").click()
    open_clip(page, make_clip(tmp_path / "other.mp4", seconds=8))
    expect(page.get_by_role("button", name=re.compile("^Ask$"))).to_be_in_viewport(ratio=1)
    expect(page.locator("#wall [data-film=own-2]")).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-bring]")).to_be_in_viewport(ratio=1)
    page.locator("[data-bring]").click()
    expect(page.locator("#bring-open")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name=re.compile("^Ask$"))).to_be_in_viewport(ratio=1)
    page.locator("#bring-close").click()
    expect(page.locator("#bring-open")).to_have_count(0)
    assert {"my clip.mp4", "other.mp4"} <= kept(foyer)
    assert len([name for name in kept(foyer) if name.endswith(".safetensors")]) == 2
    assert not list(foyer.cache.glob("*.safetensors"))
    page.get_by_role("button", name="Remove other").click()
    expect(page.locator("#alert [role=status]")).to_have_text(
        "other was removed: its files and its conversation are deleted."
    )
    expect(page.locator("#wall [data-film=a-quiet-road]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#wall [data-film=a-quiet-road]")).to_be_focused()
    assert "other.mp4" not in kept(foyer)
    open_harbour(page)
    page.get_by_role("button", name="Remove my clip").click()
    expect(page.locator("#wall [data-film^=own]")).to_have_count(0)
    expect(page.locator(HARBOUR)).to_have_attribute("aria-pressed", "true")
    assert kept(foyer) == set()


DROP = """([words, names]) => {
  const files = new DataTransfer();
  for (const name of names) files.items.add(new File([words], name));
  const given = { dataTransfer: files, bubbles: true, cancelable: true };
  document.querySelector('#talk').dispatchEvent(new DragEvent('drop', given));
}"""


def test_files_dropped_anywhere_open_the_panel_with_them(page: Page) -> None:
    page.locator("#bring-close").click()
    expect(box(page)).to_have_count(0)
    held: list[Route] = []
    page.route("**/gradio_api/upload?*", lambda route: held.append(route))
    page.evaluate(DROP, ["some words", ["talk.srt", "film.mp4"]])
    expect(box(page)).to_contain_text("film")
    expect(page.locator("#bring-subtitles")).to_contain_text("talk")
    expect(page.locator("#bring-travel .trip")).to_have_count(2)
    page.evaluate(DROP, ["some words", ["other.mp4"]])
    expect(page.locator("#bring-travel [role=alert]")).to_have_text("Take out a file first.")
    for route in held:
        route.continue_()
    expect(page.locator("#bring-travel .trip")).to_have_count(0)
    expect(page.locator("#bring-travel [role=alert]")).to_have_text("Take out a file first.")
    press_open(page)
    expect(page.locator("#bring-alert [role=alert]")).to_contain_text("film.mp4 is a text file")


def until_kept(page: Page, server: Server, names: set[str]) -> None:
    """Wait until the folder of uploads holds these files and no others."""
    while kept(server) != names:
        page.evaluate("new Promise(requestAnimationFrame)")


def test_film_whose_address_is_pasted_is_fetched_shown_and_deleted(page: Page, foyer: Server, clip: Path) -> None:
    pasted = page.get_by_label("Or paste the address of a film")
    said = page.locator("#bring-alert")
    silent = threading.Event()
    until_kept(page, foyer, set())  # what visitors before had is deleted when their pages have been closed for a while
    offers = {
        "/slow.mp4": Offer(clip.read_bytes(), breaks=[PIECE], silent=silent),
        "/The%20Sea.mp4": Offer(clip.read_bytes()),
    }
    with serving(offers) as host:
        pasted.fill(f"{host}/slow.mp4")
        pasted.press("Enter")
        bar = page.get_by_role("progressbar", name="Fetching the film")
        expect(bar).to_have_attribute("aria-valuenow", str(PIECE))
        assert "slow.mp4" in kept(foyer)
        page.locator("#bring-cancel").click()
        expect(said.get_by_role("status")).to_have_text("Cancelled. Nothing was kept of the film.")
        assert kept(foyer) == set()
        silent.set()
        pasted.fill(f"{host}/The%20Sea.mp4")
        press_open(page)
        expect(page.locator("#about h2")).to_have_text("The Sea")
    wait_for_video(page, "video.duration > 11 && !video.error")
    assert "The Sea.mp4" in kept(foyer)
    page.locator("[data-bring]").click()
    expect(pasted).to_have_value("")
    pasted.fill("films.example/film.mp4")
    press_open(page)
    expect(said.get_by_role("alert")).to_contain_text("an address begins with http:// or https://")
    page.get_by_role("button", name="Remove The Sea").click()
    expect(page.locator("#wall [data-film^=own]")).to_have_count(0)
    assert kept(foyer) == set()


def test_files_go_when_they_are_replaced_and_when_their_page_is_closed(
    foyer: Server, browser: Browser, clip: Path, tmp_path: Path
) -> None:
    fake = tmp_path / "other.mp4"
    fake.write_bytes(clip.read_bytes()[:-9])
    with visit(foyer, browser) as watching:
        with visit(foyer, browser) as undecided:
            undecided.locator("[data-bring]").click()
            choose(undecided, clip)
            until_kept(undecided, foyer, {clip.name})
            box(undecided).get_by_role("button", name="Clear").click()
            choose(undecided, fake)
            until_kept(undecided, foyer, {fake.name})  # the first one is replaced
            watching.locator("[data-bring]").click()
            open_clip(watching, clip)
            assert {clip.name, fake.name} < kept(foyer)
        assert clip.name in kept(foyer)
    with visit(foyer, browser) as later:
        until_kept(later, foyer, set())  # never opened the one, open the other


def test_own_clip_and_its_conversation_are_there_after_a_reload(page: Page, foyer: Server, clip: Path) -> None:
    open_clip(page, clip)
    ask(page, "Where is the map?")
    stop(page)
    expect(page.locator("#current [aria-busy]")).to_have_count(0)  # last words come behind the press
    said = page.locator("#current .answer").inner_text()
    page.reload()
    expect(page.locator("#about h2")).to_have_text(clip.stem)
    expect_words(page, said)
    expect(page.locator("#wall [data-film^=own]")).to_have_count(1)
    wait_for_video(page, "video.readyState > 0")
    page.locator("#wall [data-remove]").click()
    expect(page.locator("#wall [data-film^=own]")).to_have_count(0)
    until_kept(page, foyer, set())


def test_next_start_deletes_what_a_server_left_that_was_killed(
    films: Path, checkpoint: Path, browser: Browser, clip: Path, tmp_path: Path
) -> None:
    killed = start_small_films(films, checkpoint, tmp_path, read_ahead="off")
    server = next(killed)
    with visit(server, browser) as page:
        page.locator("[data-bring]").click()
        open_clip(page, clip)
        server.process.kill()
    killed.close()
    assert {"my clip.mp4"} < kept(server)
    again = start_small_films(films, checkpoint, tmp_path, read_ahead="off")
    assert kept(next(again)) == set()
    again.close()


def test_press_that_comes_before_the_file_opens_it_when_it_is_here(page: Page, clip: Path) -> None:
    held: list[Route] = []
    page.route("**/gradio_api/upload?*", lambda route: held.append(route))
    choose(page, clip)
    expect(box(page)).to_contain_text(clip.stem)  # Gradio names a file in its box before it is here
    press_open(page)
    expect(page.locator("#bring-travel [role=status]")).to_contain_text("It is opened when it is here.")
    held[0].continue_()
    expect(page.locator("#about h2")).to_have_text(clip.stem)
