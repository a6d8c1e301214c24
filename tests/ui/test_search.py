"""Search in the transcript and in other films, done by a browser; and what the server draws of it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from llamavid_demo.film import Cue, load_movie
from llamavid_demo.film.search import Hit
from llamavid_demo.ui import search
from llamavid_demo.ui.sessions import Sessions
from tests.ui.conftest import Server, make_clip, start_small_films, visit
from tests.ui.test_page import open_harbour, wait_for_video
from tests.ui.test_parts import EVIL, PLAIN_TAGS, Reader

PIER = """1
00:00:02,000 --> 00:00:04,000
Nora: A mäp of the pier!

2
00:00:33,000 --> 00:00:36,000
The <b>map</b> burns.
"""


@pytest.fixture(scope="module")
def library(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The small films, and one more in which people speak."""
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(films, folder / "movies")
    make_clip(folder / "movies" / "pier.mp4", seconds=64)
    (folder / "movies" / "pier.srt").write_text(PIER, encoding="utf-8")
    yield from start_small_films(folder / "movies", checkpoint, folder)


@pytest.fixture
def page(library: Server, browser: Browser) -> Iterator[Page]:
    with visit(library, browser) as page:
        open_harbour(page)
        wait_for_video(page, "video.readyState > 0 && video.duration > 59 && video.duration < 61")
        yield page


def box(page: Page) -> Locator:
    return page.get_by_label("Search the dialogue")


def found(page: Page) -> Locator:
    return page.locator("#transcript .found")


def test_hits_are_marked_and_enter_steps_through_them(page: Page) -> None:
    box(page).fill("MÁRA")
    expect(page.locator("#transcript mark")).to_have_text(["Mara", "Mara"])
    expect(page.locator("#transcript li:visible")).to_have_count(2)
    expect(found(page)).to_have_text("2 found")
    for key, place, second in (("Enter", 1, 1), ("Enter", 2, 35), ("Enter", 1, 1), ("Shift+Enter", 2, 35)):
        box(page).press(key)
        expect(found(page)).to_have_text(f"{place} of 2")
        expect(page.locator("#transcript [data-at] button")).to_have_attribute("data-seek", f"{second}.000")
        wait_for_video(page, f"video.currentTime === {second}")
    expect(box(page)).to_be_focused()
    box(page).press("Escape")
    expect(box(page)).to_have_value("")
    expect(page.locator("#transcript :is(mark, [data-at])")).to_have_count(0)
    expect(found(page)).to_have_text("3 lines")


def test_a_hit_of_another_film_opens_it_at_its_second(page: Page) -> None:
    box(page).fill("map")
    hits = page.locator("#elsewhere [data-hit]")
    expect(hits).to_have_count(2)
    expect(found(page)).to_have_text("1 found, 2 in other films")
    expect(page.locator("#elsewhere mark")).to_have_text(["mäp", "map"])
    hits.nth(1).click()
    expect(page.locator("#about h2")).to_have_text("pier")
    expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.duration > 62 && video.currentTime === 33")
    expect(box(page)).to_have_value("map")  # the search goes on here
    expect(found(page)).to_have_text("2 found, 1 in other films")
    page.locator("#wall [data-film=harbour]").click()
    expect(page.locator("#about h2")).to_have_text("The Harbour")
    expect(box(page)).to_have_value("")
    wait_for_video(page, "video.duration < 61 && video.currentTime === 0")


def test_typing_errors_find_the_nearest_lines(page: Page) -> None:
    box(page).fill("unedr rde baoat")
    expect(page.locator("#elsewhere h2")).to_have_count(0)
    box(page).fill("boaat")
    expect(found(page)).to_have_text("nothing found, 1 nearly")
    expect(page.locator("#elsewhere h2")).to_have_text("Nobody says “boaat”. Nearest, with “boat”:")
    expect(page.locator("#elsewhere mark")).to_have_text(["boat"])
    page.locator("#elsewhere button").click()
    wait_for_video(page, "video.currentTime === 5")
    box(page).fill("")
    expect(page.locator("#elsewhere .elsewhere")).to_be_hidden()


def test_words_of_a_query_language_are_words(page: Page) -> None:
    for words in ('"', "map OR", "*", "<img src=x onerror=alert(1)>"):
        box(page).fill(words)
        expect(found(page)).to_have_text("nothing found")
    box(page).fill("tide")
    expect(found(page)).to_have_text("1 found")
    expect(page.locator("#alert .alert")).to_have_count(0)


def test_nothing_found_becomes_markup(films: Path) -> None:
    movie = load_movie(films / "harbour", section_minutes=0.5)
    hit = Hit(movie, Cue(59.5, 60.0, EVIL), ("img",))
    for markup in (search.other_films(EVIL, "other", [hit] * 30), search.nearest_lines(EVIL, movie.slug, [hit])):
        seen = Reader(markup)
        assert set(seen.tags) <= PLAIN_TAGS | {"mark", "section"}
        assert not [name for name, _ in seen.attributes if name.startswith("on")]
        assert "onerror=alert(1)" in seen.text
    many = search.other_films("x", "other", [hit] * 30)
    assert many.count("data-hit") == search.MOST_SHOWN
    assert "10 more" in many
    assert 'data-section="1"' in many


def test_own_films_are_searched_for_their_visitor_only(films: Path) -> None:
    movie = load_movie(films / "harbour", section_minutes=0.5)
    sessions = Sessions([replace(movie, slug="other", subtitles=None)])
    searching = search.Searching(sessions)
    sessions.visit("a").own["own-1"] = replace(movie, slug="own-1")
    assert 'data-film="own-1"' in searching.search("a", "other", "tide")["elsewhere"]
    assert searching.search("a", "own-1", "tide")["elsewhere"] == ""
    assert searching.search("b", "other", "tide")["elsewhere"] == ""
    del sessions.visit("a").own["own-1"]
    assert searching.search("a", "other", "tide")["elsewhere"] == ""


def test_nearest_lines_of_the_open_film_come_first(films: Path) -> None:
    road, harbour = (load_movie(films / name, section_minutes=0.5) for name in ("a_quiet_road.mp4", "harbour"))
    hits = [Hit(movie, Cue(1, 2, "A map."), ("map",)) for movie in (road, harbour)]
    drawn = search.nearest_lines("maap", harbour.slug, hits)
    assert drawn.index(harbour.title) < drawn.index(road.title)
