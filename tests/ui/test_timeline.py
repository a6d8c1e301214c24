"""The timeline: what is drawn of a film, the stills under the pointer, and the slider in a browser."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from llamavid_demo.chat import Evidence
from llamavid_demo.errors import MovieError
from llamavid_demo.film import Cue, Movie, Section, SubtitleTrack, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui import contact_sheet
from llamavid_demo.ui.contact_sheet import ContactSheets, make_sheet
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.timeline import BINS, WIDTH, density, known_sheet, sheet_path, timeline
from tests.film.conftest import run_ffmpeg
from tests.ui.conftest import Server, make_clip
from tests.ui.scripted import ScriptedChat, ScriptedModel
from tests.ui.test_accessibility import serious
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

KEY = "somebody"
MOST_BYTES = 4000


@pytest.fixture
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


def evidence(*seconds: float) -> list[Evidence]:
    return [Evidence(second, 0.5, None) for second in seconds]


def marks(html: str) -> list[tuple[str, str, str]]:
    """Class, numbers of the turns and place of each mark."""
    return re.findall(r'class="(mark[^"]*)" data-turns="([^"]*)" data-seek="[^"]*" style="left:([^"]*)"', html)


def test_open_section_and_borders_stand_where_they_are_in_the_film(movie: Movie) -> None:
    html = timeline(movie, 1, [])
    assert f'<rect x="{BINS / 2:.2f}" width="{BINS / 2:.2f}"' in html
    assert f'd="M{BINS / 2:.2f} 0v' in html
    assert 'aria-valuemax="60.000"' in html
    assert 'aria-valuetext="0:00 of 1:00"' in html


def test_moments_are_marked_with_the_turns_that_leaned_on_them(movie: Movie) -> None:
    html = timeline(movie, 0, [evidence(30, 3), evidence(30, 15)])
    assert marks(html) == [("mark earlier", "1", "5.00%"), ("mark", "2", "25.00%"), ("mark", "1,2", "50.00%")]
    assert marks(timeline(movie, 0, [evidence(3), []])) == [("mark earlier", "1", "5.00%")]
    assert marks(timeline(movie, 0, [evidence(61, -1)])) == []


def test_density_is_the_share_of_time_in_which_something_is_said() -> None:
    cues = (Cue(0.0, 15.0, "a"), Cue(22.5, 30.0, "b"), Cue(22.5, 30.0, "together"), Cue(9e5, 1e6, "after the end"))
    spoken = np.array(density(cues, 60.0)).reshape(4, -1).mean(axis=1)
    assert spoken == pytest.approx([1, 0.5, 0, 0])
    assert density((), 60.0) == [0.0] * BINS


def test_long_film_full_of_words_stays_small_and_says_none_of_them(movie: Movie) -> None:
    cues = tuple(Cue(second, second + 1.5, f"<img src=x onerror=alert({second})>") for second in range(0, 9000, 3))
    sections = tuple(Section(number, 1800.0 * number, 1800.0 * (number + 1)) for number in range(5))
    track = replace(movie.subtitles or SubtitleTrack(()), cues=cues)
    long = replace(movie, duration=9000.0, sections=sections, subtitles=track)
    html = timeline(long, 4, [evidence(*range(0, 600, 100))] * 5)
    assert len(html.encode()) < MOST_BYTES
    assert "onerror" not in html


@pytest.mark.parametrize("length", [0.0, float("inf"), float("nan")])
def test_unknown_length_has_no_timeline(movie: Movie, length: float) -> None:
    assert timeline(replace(movie, duration=length), 0, []) == ""


def test_film_without_subtitles_has_one(films: Path) -> None:
    assert "slider" in timeline(load_movie(films / "a_quiet_road.mp4"), 0, [])


def test_address_of_the_sheet_writes_no_html(movie: Movie) -> None:
    html = timeline(movie, 0, [], Path('/cache/"><img src=x onerror=alert(1)>;a:url(x).jpg'))
    assert "<img" not in html
    assert "url(x)" not in html


def three_colours(path: Path, *options: str) -> Path:
    """61 seconds of red, 60 of green, 59 of blue: the colours change between a still's begin and its middle."""
    lasting = {"red": 61, "lime": 60, "blue": 59}
    colours = [f"color=c={name}:size=160x90:rate=2:duration={length}[{name}]" for name, length in lasting.items()]
    graph = ";".join(colours) + ";[red][lime][blue]concat=n=3"
    run_ffmpeg("-filter_complex", graph, "-c:v", "libx264", "-pix_fmt", "yuv420p", *options, path)
    return path


@pytest.mark.parametrize("nearest", [1.0, 5.0])  # key frames alone, or all
def test_sheet_shows_the_middle_of_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nearest: float) -> None:
    monkeypatch.setattr(contact_sheet, "KEY_FRAMES_FROM", nearest)
    movie = load_movie(three_colours(tmp_path / "film.mkv", "-g", "2", "-output_ts_offset", "600"))
    path = make_sheet(movie, tmp_path)
    assert known_sheet(movie, tmp_path) == path
    pixels = np.asarray(Image.open(path))  # (72, 60 * 128, 3)
    assert pixels.shape == (72, 60 * WIDTH, 3)
    shown = pixels[36, WIDTH // 2 :: WIDTH].argmax(axis=1)
    assert shown.tolist() == [0] * 20 + [1] * 20 + [2] * 20


def test_sheet_is_made_once_and_of_another_film_anew(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "film.mp4", seconds=2)
    movie = load_movie(clip)
    first = make_sheet(movie, tmp_path).stat()
    assert make_sheet(movie, tmp_path).stat() == first
    make_clip(tmp_path / "other.mp4", seconds=3).replace(clip)
    assert known_sheet(movie, tmp_path) is None


def test_film_that_was_removed_leaves_no_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    movie = load_movie(make_clip(folder / "film.mp4", seconds=2))
    drawn = contact_sheet._drawn

    def removed_meanwhile(movie: Movie) -> Image.Image:
        sheet = drawn(movie)
        movie.path.unlink()
        folder.rmdir()
        return sheet

    monkeypatch.setattr(contact_sheet, "_drawn", removed_meanwhile)
    with pytest.raises(FileNotFoundError):
        make_sheet(movie, folder)
    assert not folder.exists()
    assert known_sheet(movie, folder) is None


def test_film_without_a_picture_leaves_no_sheet(tmp_path: Path) -> None:
    movie = load_movie(make_clip(tmp_path / "film.mp4", seconds=2))
    size = movie.path.stat().st_size
    movie.path.write_bytes(bytes(size))
    with pytest.raises(MovieError):
        make_sheet(movie, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_stills_come_to_the_timeline_of_the_film_that_shows(movie: Movie, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path)
    sessions = Sessions([movie])
    talking = Talking(settings, sessions, {"": ScriptedModel(ScriptedChat(["At sea."]))}, Stills())  # type: ignore[arg-type]
    sheets = ContactSheets(settings, sessions, talking)
    assert sheets.complete(KEY) == {}
    sessions.visit(KEY).showing = "harbour", 1
    assert sheets.complete(KEY) == {}  # there is no folder for it
    (tmp_path / "page").mkdir()
    path = sheet_path(movie, tmp_path / "page")
    assert path.name in sheets.complete(KEY)["timeline"]
    assert path.name in talking.view.parts(KEY, movie, 0)["timeline"]


def test_refusal_marks_nothing_and_undo_takes_the_marks_away(movie: Movie) -> None:
    for words, count in (("At sea.", 1), ("That is not said in this section.", 0)):
        sessions = Sessions([movie])
        sessions.visit(KEY).showing = "harbour", 0
        talking = Talking(Settings(), sessions, {"": ScriptedModel(ScriptedChat([words]))}, Stills())  # type: ignore[arg-type]
        talking.begin(KEY, "Where?", "harbour", 0)
        *_, last = talking.answer(KEY)
        assert len(marks(last["timeline"])) == count
        assert marks(talking.undo(KEY, "harbour", 0)["timeline"]) == []


def test_slider_moves_the_film_and_shows_what_answers_leaned_on(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    bar = page.get_by_role("slider", name="Timeline")
    expect(bar.locator(".still")).to_have_count(1)
    width = bar.bounding_box()["width"]  # type: ignore[index]
    bar.click(position={"x": width / 2, "y": 5})
    wait_for_video(page, "Math.abs(video.currentTime - 30) < 0.2")
    bar.hover(position={"x": width * 0.61, "y": 5})
    expect(bar.locator(".peek")).to_have_text("0:36 Mara: The tide has taken it.")
    page.wait_for_function("performance.getEntriesByType('resource').some((one) => one.name.endsWith('.jpg'))")
    page.locator("#about").hover()
    expect(bar.locator(".peek")).to_be_hidden()

    bar.focus()
    page.keyboard.press("Home")
    expect(bar).to_have_attribute("aria-valuetext", "0:00 of 1:00")
    for key, second in (("ArrowRight", 5), ("ArrowUp", 10), ("PageUp", 40), ("ArrowLeft", 35), ("PageDown", 5)):
        page.keyboard.press(key)
        wait_for_video(page, f"video.currentTime === {second}")
    expect(bar).to_have_attribute("aria-valuetext", "0:05 of 1:00")
    expect(bar.locator(".peek")).to_have_text("0:05 Finn: It lies under the red boat.")

    everything = page.get_by_label("Show all moments")
    ask(page, "Where does the film begin?")
    stop(page)
    expect(page.locator("#current .evidence img").first).to_be_visible()  # the answer is drawn for the last time
    expect(bar.locator(".mark").first).to_be_visible()
    expect(everything).to_be_hidden()
    mark = bar.locator(".mark").last
    second = mark.get_attribute("data-seek")
    mark.click()
    wait_for_video(page, f"video.currentTime === {second}")
    mark.evaluate("mark => mark.classList.add('earlier')")  # of another answer
    expect(mark).to_be_hidden()
    everything.check()
    expect(mark).to_be_visible()
    assert serious(page) == []


def test_finger_drags_the_film(server: Server, browser: Browser) -> None:
    context = browser.new_context(base_url=server.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto("/?movie=harbour")
    expect(page.locator("#player video")).to_be_visible()
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    bar = page.get_by_role("slider", name="Timeline")
    box = bar.bounding_box()
    assert box
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *shares: float) -> None:
        points = [{"x": box["x"] + share * box["width"], "y": box["y"] + 5} for share in shares]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.25)
    wait_for_video(page, "Math.abs(video.currentTime - 15) < 0.5")
    for share in (0.4, 0.5, 0.75):
        touch("touchMove", share)
    wait_for_video(page, "Math.abs(video.currentTime - 45) < 0.5")
    touch("touchEnd")
    expect(bar).to_have_attribute("aria-valuetext", "0:45 of 1:00")
    context.close()
