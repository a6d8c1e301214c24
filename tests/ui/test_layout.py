"""Where things stand: player, answers and question box together on the first screen, however large that is."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from llamavid_demo.ui.serve import SCRIPTS, STYLES, served
from tests.ui.conftest import Server, visit
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

SIZES = [(1366, 768), (1024, 768), (820, 1180), (390, 844)]

# A keyboard that covers the page, as on iOS: the page stays as high as it is, and hears how much of it can be seen.
COVER = """([height, offsetTop]) => {
  for (const [name, value] of Object.entries({ height, offsetTop }))
    Object.defineProperty(visualViewport, name, { value, configurable: true });
  visualViewport.dispatchEvent(new Event('resize'));
}"""

# The page moves to the end of the conversation in one frame, and hears of that in the next: here it grows between.
GROW = """async (often) => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let i = 0; i < often; i += 1) {
    const part = Object.assign(document.createElement('p'), { style: 'flex: none; height: 300px' });
    document.querySelector('#current').before(part);
    await 0; // so that the page asks for this frame first
    await frame();
  }
  await frame();
  await frame();
}"""
BELOW = "log => Math.round(log.scrollHeight - log.scrollTop - log.clientHeight)"  # pixels that are not seen yet
ABOVE = """log => Math.round(
  log.getBoundingClientRect().top - [...log.querySelectorAll('.turn')].pop().getBoundingClientRect().top
)"""  # pixels of the last turn that are seen no more

FOLLOWED = f"log => ({BELOW})(log) <= 1 || Math.abs(({ABOVE})(log)) <= 1"

# Words of such parts that are seen in the middle of the player when the page scrolls them there.
UNDER = """(parts) => [...document.querySelectorAll(parts)].filter((part) => {
  const middle = () => {
    const { x, y, width, height } = part.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
  const player = document.querySelector('#player').getBoundingClientRect();
  scrollBy({ top: middle()[1] - player.height / 2, behavior: 'instant' });
  const seen = document.elementFromPoint(...middle());
  return part.checkVisibility() && middle()[1] < player.height && !seen.closest('#player');
}).map((part) => part.textContent)"""


def on_screen(part: Locator, page: Page) -> bool:
    box, view = part.bounding_box(), page.viewport_size
    assert box and view
    return box["y"] >= 0 and box["y"] + box["height"] <= view["height"] + 1


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_first_screen_has_player_answer_and_box(server: Server, browser: Browser, width: int, height: int) -> None:
    with visit(server, browser, width=width, height=height) as page:
        open_harbour(page)
        for asked in (False, True):
            if asked:
                ask(page, "Where does the film begin?")
                stop(page)
            assert page.evaluate("scrollY") == 0
            for part in ("#player video", "#log", "#composer"):
                assert on_screen(page.locator(part), page), part
            if width > 900:
                assert on_screen(page.locator("#transcript li").first, page)
            assert page.evaluate("document.documentElement.scrollWidth") == width


def test_cue_moves_the_film_and_not_the_page(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844) as page:
        open_harbour(page)
        wait_for_video(page, "video.readyState > 0 && video.duration > 59")
        line = page.locator("#transcript ol button").nth(2)
        line.scroll_into_view_if_needed()
        assert page.evaluate("scrollY") > 0
        before = line.bounding_box()
        line.click()
        wait_for_video(page, "video.currentTime === 35 && !video.seeking")
        expect(page.locator("#watching")).to_be_in_viewport(ratio=1)  # what it pushes down stays where it was seen
        after = line.bounding_box()
        assert before and after and after["y"] == pytest.approx(before["y"], abs=1)
        assert on_screen(page.locator("#player video"), page)
        assert on_screen(page.locator("#composer"), page)


def test_box_stands_above_the_keyboard_on_the_screen(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844) as page:
        expect(page.locator("meta[name=viewport]")).to_have_attribute("content", re.compile("resizes-content"))
        page.get_by_label("Your question").focus()
        page.set_viewport_size({"width": 390, "height": 460})
        for part in ("#player video", "#composer"):
            expect(page.locator(part)).to_be_in_viewport(ratio=0.99)


def test_box_stands_above_a_keyboard_that_covers_the_page(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844) as page:
        page.get_by_label("Your question").focus()
        for height, top in ((500, 0), (500, 100), (844, 0)):
            page.evaluate(COVER, [height, top])
            box = page.locator("#composer").bounding_box()
            assert box
            assert box["y"] + box["height"] == pytest.approx(height + top, abs=1)
            assert on_screen(page.locator("#player video"), page)


def test_cards_of_sections_begin_at_one_height(page: Page) -> None:
    open_harbour(page)
    page.locator("#strip .synopsis").first.evaluate(
        "part => { part.textContent = 'the map and the tide '.repeat(40); }"
    )
    one, other = (page.locator("#strip .range").nth(number).bounding_box() for number in (0, 1))
    assert one and other and one["y"] == other["y"]


def test_nothing_shows_through_the_player_on_a_phone(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=664) as page:
        open_harbour(page)
        page.get_by_role("button", name="Settings").click()
        expect(page.get_by_label("Temperature").first).to_be_visible()
        assert page.evaluate(UNDER, "#steering span") == []


def test_moments_are_chosen_on_a_dark_ground_on_a_phone(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844) as page:
        open_harbour(page)
        for question in ("Where does the film begin?", "What colour is the boat?"):
            ask(page, question)
            stop(page)
        ground = page.locator("#strip").evaluate("part => getComputedStyle(part).backgroundColor")
        expect(page.locator("#moments")).to_be_visible()
        expect(page.locator("#moments")).to_have_css("background-color", ground)


def test_suggestions_show_that_there_are_more(server: Server, browser: Browser) -> None:
    with visit(server, browser, width=390, height=844) as page:
        open_harbour(page)
        row = page.locator("#suggestions .suggestions")
        expect(row).to_have_css("flex-wrap", "wrap")
        ask(page, "Where does the film begin?")
        stop(page)
        assert row.evaluate("row => row.scrollWidth > row.clientWidth")
        expect(row).to_have_css("mask-image", re.compile("gradient"))
        row.locator("button").first.focus()
        page.keyboard.press("End")
        expect(row.locator("button").last).to_be_in_viewport(ratio=1)


def long_conversation(page: Page) -> Locator:
    """What was asked about the harbour film, longer than is seen at once; its last answer is stopped."""
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    page.evaluate(GROW, 3)
    return page.locator("#log")


def test_conversation_stays_at_its_end_unless_somebody_scrolled_up(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        log = long_conversation(page)
        assert log.evaluate(FOLLOWED)
        log.hover()
        page.mouse.wheel(0, -200)
        page.wait_for_function(f"({BELOW})(document.querySelector('#log')) >= 200")
        here = log.evaluate("log => log.scrollTop")
        page.evaluate(GROW, 1)
        assert log.evaluate("log => log.scrollTop") == here
        ask(page, "What colour is the boat?")
        page.wait_for_function(f"({FOLLOWED})(document.querySelector('#log'))")
        stop(page)


def test_first_pixels_of_scrolling_up_are_not_taken_back(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        log = long_conversation(page)
        log.hover()
        page.mouse.wheel(0, -20)
        page.wait_for_function(f"({BELOW})(document.querySelector('#log')) >= 20")
        page.evaluate(GROW, 1)
        assert log.evaluate(BELOW) >= 320


def test_long_answer_is_read_from_its_question_on(server: Server, browser: Browser) -> None:
    def written(more: int) -> None:
        page.wait_for_function(f"({BELOW})(document.querySelector('#log')) > {more}")

    with visit(server, browser) as page:
        open_harbour(page)
        ask(page, "Where does the film begin?")
        log = page.locator("#log")
        written(200)
        assert abs(log.evaluate(ABOVE)) <= 1
        log.hover()
        page.mouse.wheel(0, 150)  # who reads on is not pulled back
        page.wait_for_function(f"({ABOVE})(document.querySelector('#log')) > 100")
        written(log.evaluate(BELOW) + 100)
        assert log.evaluate(ABOVE) > 100
        stop(page)


def test_style_and_script_are_small_and_text_sizes_follow_the_reader() -> None:
    styles, scripts = ("".join(served(name) for name in names) for names in (STYLES, SCRIPTS))
    assert len((styles + scripts).encode()) <= 40 * 1024
    assert not re.findall(r"font(?:-size)?:[^;}]*\d+px", styles)
    moved = re.findall(r"[{;]([a-z-]+):", "".join(re.findall(r"@keyframes \w+(\{.*?\}\})", styles)))
    assert moved and {*moved} <= {"opacity", "translate"}  # nothing that lays the page out at each frame
