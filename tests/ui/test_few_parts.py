"""Parts that a handler leaves alone cost nothing, and the page shows every change, however late it comes to it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import pytest
from gradio import queueing
from gradio.state_holder import SessionState
from playwright.sync_api import Browser, expect

from llamavid_demo.ui.few_parts import LOOK_EVERY, FewParts
from tests.ui.scripted import run


def sent(blocks: type[gr.Blocks], change: Callable[[list[Any]], Any]) -> tuple[list[Any], list[Any], int]:
    """What the page is sent by a handler of four parts, what its session holds then, and how many parts were built."""
    with blocks(analytics_enabled=False) as demo:
        parts = [gr.Textbox(), gr.Textbox(), gr.State("a"), gr.Button("Stop")]
        demo.load(lambda: None, None, parts)
    state = SessionState(demo)
    values = run(demo.postprocess_data(demo.fns[0], change(parts), state))
    _, _, held, button = (state[part._id] for part in parts)
    return values, [held, button.visible], sum(state[part._id] is not part for part in (*parts[:2], parts[3]))


CHANGES: dict[str, Callable[[list[Any]], Any]] = {
    "a value": lambda parts: {parts[1]: "words"},
    "a value, a state and an update": lambda parts: {
        parts[1]: "words", parts[2]: "b", parts[3]: {"__type__": "update", "visible": False},
    },
    "nothing": lambda parts: {parts[0]: gr.skip()},
    "all in a row": lambda _: ["words", "more", "b", "Go"],
    "skipped": lambda _: gr.skip(),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_page_is_sent_the_same(change: Callable[[list[Any]], Any]) -> None:
    assert sent(FewParts, change)[:2] == sent(gr.Blocks, change)[:2]


def test_what_the_server_holds_is_what_reaches_the_page_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with FewParts(analytics_enabled=False) as demo:
        film, title = gr.State(""), gr.Textbox()
        demo.load(lambda: None, None, [film, title])
    state = SessionState(demo)
    go = threading.Event()

    def made_ready(value: str) -> str:
        assert value != "slow" or go.wait(10)
        return value

    monkeypatch.setattr(title, "postprocess", made_ready)

    async def both() -> None:
        first = asyncio.create_task(demo.postprocess_data(demo.fns[0], {film: "first", title: "slow"}, state))
        await asyncio.sleep(0)
        await demo.postprocess_data(demo.fns[0], {film: "second", title: "quick"}, state)
        assert state[film._id] == "second"
        go.set()
        await first

    run(both())
    assert state[film._id] == "first"


def test_what_stays_as_it_is_is_not_built_anew() -> None:
    assert sent(gr.Blocks, CHANGES["nothing"])[2] == 3
    assert [sent(FewParts, CHANGES[name])[2] for name in ("a value", "nothing")] == [0, 0]


def test_a_part_that_is_no_output_is_refused_as_ever() -> None:
    with pytest.raises(ValueError, match="not specified as output"):
        sent(FewParts, lambda _: {gr.Textbox(): "words"})


def test_no_table_of_past_events_is_made_after_each() -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        queue = demo.queue()._queue
    queue.events_recorded = 1000
    event = {"time": 0.0, "status": "success", "process_time": 0.1, "function": "ask", "session_hash": "somebody"}
    assert queue.compute_analytics_summary([event]) == {"functions": {}}


def test_a_page_that_nobody_uses_looks_for_events_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    with FewParts(analytics_enabled=False) as demo:
        queue = demo.queue()._queue
    slept: list[float] = []

    async def sleep_once(seconds: float) -> None:
        slept.append(seconds)
        queue.stopped = True

    monkeypatch.setattr(queueing.asyncio, "sleep", sleep_once)
    for looking in (queue.start_processing, queue.start_progress_updates):
        queue.stopped = False
        run(looking())
    assert len(slept) == 2
    assert min(slept) >= LOOK_EVERY


@pytest.fixture
def small_page() -> Iterator[str]:
    """A page whose button changes some parts in two steps, while another event is under way."""
    left = threading.Event()

    def steps() -> Iterator[dict[Any, Any]]:
        yield {opening: gr.Button(interactive=True), words: "It is open."}
        yield {words: gr.skip()}

    with FewParts(analytics_enabled=False) as demo:
        words, start = gr.Textbox(label="Words"), gr.Button("Start")
        opening = gr.Button("Open", interactive=False)
        demo.load(left.wait, None, None)
        start.click(steps, None, [words, start, opening])
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True)
    yield url
    left.set()
    demo.close()


# The word that the second event was taken reaches the page after all that the event tells, as on a busy machine.
LATE = """
  const plainFetch = window.fetch;
  let [asked, text, over] = [0, ''];
  const told = new Promise((resolve) => { over = resolve; });
  async function listen(body) {
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (text.includes('process_completed')) over();
    }
  }
  window.fetch = async (address, options) => {
    const answer = await plainFetch(address, options);
    const name = String(address.url ?? address);
    if (name.includes('/queue/data')) listen(answer.clone().body);
    if (name.includes('/queue/join') && (asked += 1) === 2) await told;
    return answer;
  };
"""


def test_steps_that_reach_the_page_at_once_undo_nothing(browser: Browser, small_page: str) -> None:
    page = browser.new_page()
    page.add_init_script(LATE)
    page.goto(small_page)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_label("Words")).to_have_value("It is open.")
    expect(page.get_by_role("button", name="Open")).to_be_enabled()
    page.close()
