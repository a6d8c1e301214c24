"""A page that keeps still: nothing jumps while an answer is written, and nothing glides for whoever wants no motion."""

from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video

# What moved of these parts, or of what they stand in; after a press as well.
WATCH = """() => {
  window.shifted = [];
  const watched = ['#player', '#composer', '#strip'].map((part) => document.querySelector(part));
  new PerformanceObserver((list) => {
    const moves = list.getEntries().flatMap(({ sources }) => sources);
    for (const { node, previousRect: from, currentRect: to } of moves) {
      const part = watched.find((one) => node && (one.contains(node) || node.contains(one)));
      if (part) window.shifted.push(`${part.id}: ${from.x},${from.y} to ${to.x},${to.y}`);
    }
  }).observe({ type: 'layout-shift' });
}"""
# In which way parts are scrolled.
SPY = """() => {
  window.ways = [];
  for (const name of ['scrollTo', 'scrollIntoView']) {
    const plain = Element.prototype[name];
    Element.prototype[name] = function (to) {
      window.ways.push(to.behavior);
      return plain.call(this, to);
    };
  }
}"""


def test_nothing_moves_while_an_answer_is_written(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        open_harbour(page)
        wait_for_video(page, "video.readyState > 0 && video.duration > 59")
        ask(page, "Where is the map?")
        stop(page)
        expect(page.locator("#current .evidence img").first).to_be_visible()
        page.evaluate(WATCH)
        ask(page, "And the boat?")
        page.wait_for_function("document.querySelector('#current [aria-busy] .answer')?.textContent.length > 500")
        stop(page)
        expect(page.locator("#current .evidence img").first).to_be_visible()
        assert page.evaluate("window.shifted") == []


def test_nothing_glides_for_whoever_wants_no_motion(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    page.locator("[data-bring]").click()
    expect(page.locator("#bring-open")).to_be_visible()
    ways = []
    for motion in ("reduce", "no-preference"):
        page.emulate_media(reduced_motion=motion)
        page.evaluate(SPY)
        page.evaluate("window.cinema.bring()")
        # A cue that begins while the film runs is brought into sight in the list.
        page.locator("#player video").evaluate("video => { video.currentTime = 0.5; }")
        page.locator("#transcript [aria-current]").wait_for(state="detached")
        page.mouse.move(0, 0)
        page.locator("#player video").evaluate("video => { video.muted = true; return video.play(); }")
        expect(page.locator("#transcript [aria-current]")).to_have_count(1)
        page.locator("#player video").evaluate("video => video.pause()")
        ways.append(set(page.evaluate("window.ways")))
    assert ways == [{"auto"}, {"smooth"}]
