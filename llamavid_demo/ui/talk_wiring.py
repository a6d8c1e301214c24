"""What sets the handlers of the conversation off: ask, stop, retry, edit, undo, save."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.export import Saving
from llamavid_demo.ui.pressing import Pressing
from llamavid_demo.ui.steering import SEND
from llamavid_demo.ui.wiring import EVERY, FREE, QUIET, Wiring

Parts = dict[str, Any]


def wire(wiring: Wiring, parts: dict[str, Any], talking: Talking, pressing: Pressing, saving: Saving) -> None:
    """Connect the conversation."""
    outputs = list(parts.values())
    keys = [parts["slug"], parts["section"]]
    steered = [*keys, gr.Textbox(visible=False)]  # filled by memory.js

    def begin(question: str, slug: str, section: int, sent: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.ask(pressing.begin, request, question, slug, section, sent, question=question)

    def suggested(slug: str, section: int, sent: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        question = str(event._data["question"])
        return wiring.ask(pressing.begin_suggested, request, question, slug, section, sent, question=question)

    def asked_again(slug: str, section: int, sent: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        return wiring.ask(pressing.begin, request, str(event._data["question"]), slug, section, sent)

    def again(slug: str, section: int, sent: str, request: gr.Request) -> dict[Any, Any]:
        def take(key: str, at: tuple[str, int]) -> Parts:
            return talking.begin_again(key, *at, sent)

        return wiring.ask(pressing.of_turn, request, take, (slug, section), sent)

    def edited(slug: str, section: int, sent: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        place, question = event._data.get("place"), str(event._data.get("question"))

        def take(key: str, at: tuple[str, int]) -> Parts:
            return talking.begin_edited(key, place, question, *at, sent)

        return wiring.ask(pressing.of_turn, request, take, (slug, section), sent, question=question)

    def answer(request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from wiring.stream(talking.answer, request)

    def turn_to(slug: str, section: int, sent: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        place, number = event._data.get("place"), event._data.get("number")

        def take(key: str, at: tuple[str, int]) -> Parts:
            return talking.turn_to(key, place, number, *at)

        return wiring.update(pressing.of_turn, request, take, (slug, section), sent)

    def save(slug: str, section: int, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        kind, thumbs = event._data.get("kind"), event._data.get("thumbs")
        return wiring.update(saving.save, request, kind, thumbs, slug, section)

    def stop(slug: str, section: int, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(talking.stop, request, slug, section)

    def undo(slug: str, section: int, sent: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(pressing.of_turn, request, lambda key, at: talking.undo(key, *at), (slug, section), sent)

    def begin_conversation(slug: str, section: int, sent: str, request: gr.Request) -> dict[Any, Any]:
        return wiring.update(
            pressing.of_turn, request, lambda key, at: talking.begin_conversation(key, *at), (slug, section), sent
        )

    typed = {"fn": begin, "inputs": [parts["question"], *steered], "outputs": outputs}
    sending = {"js": SEND, **QUIET, **FREE}
    for begun in (
        parts["question"].submit(**typed, **sending),
        parts["ask"].click(**typed, **sending),
        parts["suggestions"].pick(suggested, steered, outputs, **sending),
        parts["browser"].again(asked_again, steered, outputs, **sending),
        parts["current"].retry(again, steered, outputs, **sending),
        *(parts[where].edit(edited, steered, outputs, **sending) for where in ("past", "current")),
    ):
        answered = begun.then(answer, None, outputs, **EVERY, **FREE)
        wiring.illustrate_after(answered, talking)
    parts["stop"].click(stop, keys, outputs, queue=False, **QUIET)
    parts["current"].undo(undo, steered, outputs, **sending)
    for where in ("past", "current"):
        wiring.illustrate_after(parts[where].turn_to(turn_to, steered, outputs, **sending), talking)
    parts["keeping"].anew(begin_conversation, steered, outputs, **sending)
    parts["keeping"].save(save, keys, outputs, **QUIET, **FREE)
