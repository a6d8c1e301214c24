"""The page's stream of events in a browser: what is sent while the stream ends is heard."""

from playwright.sync_api import Browser, expect

from tests.ui.conftest import Server
from tests.ui.test_page import HARBOUR

# A line on which, once it is `late`, the end of a stream comes after the answer to what is sent next.
LATE_END = """(() => {
  const plainFetch = window.fetch;
  let answered = () => {};
  Object.assign(window, { late: false, streams: 0 });
  const lateEnd = () => new TransformStream({
    async transform(piece, controller) {
      const [before, end] = new TextDecoder().decode(piece).split(/(?=data: .*close_stream)/);
      controller.enqueue(new TextEncoder().encode(before));
      if (end && window.late) await new Promise((resolve) => (answered = resolve));
      if (!end) return;
      window.streams -= 1;
      controller.enqueue(new TextEncoder().encode(end));
    },
  });
  window.fetch = async (address, options) => {
    const name = String(address?.url ?? address);
    const answer = await plainFetch(address, options);
    if (name.includes('/queue/join')) setTimeout(() => answered(), 100);
    if (!name.includes('/queue/data')) return answer;
    window.streams += 1;
    return new Response(answer.body.pipeThrough(lateEnd()), answer);
  };
})();"""


def test_what_follows_a_press_comes_although_its_stream_ends(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(LATE_END)
    page.goto(server.url)
    expect(page.locator("#strip img")).not_to_have_count(0)
    page.wait_for_function("window.streams === 0")
    page.evaluate("window.late = true")
    page.locator(HARBOUR).click()
    expect(page.locator("#about h2")).to_have_text("The Harbour")
    expect(page.locator("#strip img")).to_have_count(8)
    context.close()
