"""Parts that a handler leaves alone cost nothing, and the page is sent what Gradio itself would send."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from llamavid_demo.ui.few_parts import FewParts
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


def test_what_stays_as_it_is_is_not_built_anew() -> None:
    assert sent(gr.Blocks, CHANGES["nothing"])[2] == 3
    assert [sent(FewParts, CHANGES[name])[2] for name in ("a value", "nothing")] == [0, 0]


def test_a_part_that_is_no_output_is_refused_as_ever() -> None:
    with pytest.raises(ValueError, match="not specified as output"):
        sent(FewParts, lambda _: {gr.Textbox(): "words"})
