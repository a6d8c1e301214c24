"""The page's stream of events in a browser: what is sent while it ends is heard in the same one."""

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser, expect

from llamavid_demo.ui.few_parts import FewParts
from llamavid_demo.ui.serve import served

# A server that ends its first stream when an event is sent, saying so or not, and tells of that event in the next. What
# is slow is taken when the next stream was asked for.
SERVER = """
  const line = (message) => `data: ${JSON.stringify(message)}\\n\\n`;
  const stream = (...messages) => new Response(messages.map(line).join(''));
  const completed = (event) => ({ msg: 'process_completed', event_id: event, output: {} });
  const close = { msg: 'close_stream', event_id: null };
  let over;
  const ended = new Promise((resolve) => { over = resolve; });
  const first = (says) => stream(completed('first'), ...(says ? [close] : [])).body;
  let goOn;
  const opened = new Promise((resolve) => { goOn = resolve; });
  const also = window.slow ? [completed('slow')] : [];
  const streams = [
    new Response(first(window.says).pipeThrough(new TransformStream({ flush: () => over() }))),
    stream({ msg: 'estimation', event_id: 'second' }, completed('second'), ...also, close),
  ];
  window.opened = 0;
  window.fetch = async (address) => {
    const name = String(address.url ?? address);
    if (name.includes('/queue/join?late')) await ended;
    if (name.includes('/queue/join?slow')) await opened;
    if (name.includes('/queue/join')) return new Response(JSON.stringify({ event_id: name.split('=')[1] }));
    if (!name.includes('/queue/data')) return new Response('other');
    window.opened += 1;
    if (window.opened === 2) goOn();
    return streams.shift();
  };
"""

# A client as Gradio's: it sends, and reads one stream to its end.
CLIENT = """async (sent) => {
  for (const event of sent) {
    const answer = fetch(`http://localhost/queue/join?${event}`, { method: 'POST', body: '{}' });
    if (!/^(late|slow)/.test(event)) await answer;
  }
  const text = await (await fetch(new Request('http://localhost/queue/data?session_hash=x'))).text();
  return text.split('\\n\\n').filter(Boolean).map((line) => JSON.parse(line.slice(6)).msg);
}"""
ONE = ["process_completed", "close_stream"]
ALL = ["process_completed", "estimation", "process_completed", "process_completed", "close_stream"]
BOTH = ["process_completed", "estimation", "process_completed", "close_stream"]


@pytest.mark.parametrize("says", [True, False], ids=["ends", "breaks off"])
@pytest.mark.parametrize(
    ("sent", "heard", "opened"),
    [
        (["on=first"], ONE, 1),
        (["on=first", "on=second"], BOTH, 2),
        (["on=first", "late=second"], BOTH, 2),
        (["on=first", "slow=slow", "on=second"], ALL, 2),
    ],
    ids=["nothing is under way", "an event was just sent", "an event is just being sent", "another event is slow"],
)
def test_stream_goes_on_while_an_event_is_under_way(
    browser: Browser, sent: list[str], heard: list[str], opened: int, *, says: bool
) -> None:
    page = browser.new_page()
    page.evaluate("([says, slow]) => Object.assign(window, { says, slow })", [says, "slow=slow" in sent])
    page.add_script_tag(content=SERVER)
    page.add_script_tag(content=served("stream.js"))
    assert page.evaluate(CLIENT, sent) == heard
    assert page.evaluate("window.opened") == opened
    assert page.evaluate("fetch('http://localhost/else').then((answer) => answer.text())") == "other"
    page.close()


# On a busy machine all that two events tell reaches the page at once.
AT_ONCE = """
  const plainFetch = window.fetch;
  const both = /(process_completed.*){2}/s;
  window.fetch = async (address, options) => {
    const answer = await plainFetch(address, options);
    if (!String(address.url ?? address).includes('/queue/data')) return answer;
    let text = '';
    const gathered = new TransformStream({ transform(piece, out) {
      text += piece;
      if (both.test(text)) out.enqueue(text);
      if (both.test(text)) text = '';
    } });
    const body = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(gathered);
    return new Response(body.pipeThrough(new TextEncoderStream()), answer);
  };
"""


@pytest.fixture
def two_events() -> Iterator[str]:
    """A page on which one event writes ten times, and another once when all of that was sent."""
    all_sent = threading.Event()

    def steps() -> Iterator[dict[Any, Any]]:
        for count in range(10):
            yield {words: f"Step {count}."}
        all_sent.set()

    def left() -> dict[Any, Any]:
        all_sent.wait()
        return {words: "Left."}

    with FewParts(analytics_enabled=False) as demo:
        words, other = gr.Textbox(label="Words"), gr.Textbox()
        start, leave = gr.Button("Start"), gr.Button("Leave")
        start.click(steps, None, [words, other])
        leave.click(left, None, [words, other])
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, head=f"<script>{served('stream.js')}</script>")
    yield url
    demo.close()


def test_what_came_first_is_shown_first(browser: Browser, two_events: str) -> None:
    page = browser.new_page()
    page.add_init_script(AT_ONCE)
    page.goto(two_events)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_label("Words")).to_have_value("Left.")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Words")).to_have_value("Left.")
    page.close()
