"""What sets what off: the page's events and the handlers behind them.

No handler waits in Gradio's queue for another visitor's: the model's own scheduler says who waits, and tells them.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any

import gradio as gr

from llamavid_demo.errors import DemoError
from llamavid_demo.settings import Settings
from llamavid_demo.ui.browser import message
from llamavid_demo.ui.choosing import Choosing
from llamavid_demo.ui.contact_sheet import ContactSheets
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.copying import Copies
from llamavid_demo.ui.kept import Arrival
from llamavid_demo.ui.language import speaking, steps_in, waits_in
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.pace import Pace
from llamavid_demo.ui.page import in_chinese
from llamavid_demo.ui.pressing import Pressing
from llamavid_demo.ui.read_ahead import ReadAhead
from llamavid_demo.ui.screening import Parts, Screening
from llamavid_demo.ui.search import Searching
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.steering import KEEP, NAMES, SEND, kept
from llamavid_demo.ui.talk import alert
from llamavid_demo.ui.upload import Bringing, Chosen
from llamavid_demo.ui.visitor import address_of, has_arrived, key_of, language_of

FILES = {"concurrency_id": "files", "concurrency_limit": 2}
SHEETS = {"concurrency_id": "sheets", "concurrency_limit": 1}  # they only illustrate: one film at a time
FREE: dict[str, Any] = {"concurrency_limit": None}
# Gradio would tell every part how each step stands: a second of a browser a visit. Our parts say it themselves.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
# By default Gradio drops a step whose last run has not quite ended; the handlers themselves know what is too much.
EVERY: dict[str, Any] = {"trigger_mode": "multiple", **QUIET}
# Each time that gr.File makes a value of its own for a handler, it leaves an empty file behind.
AS_IT_IS: dict[str, Any] = {"preprocess": False}

Steps = Callable[..., Generator[Parts, None, None]]
Waits = Callable[..., AsyncGenerator[Parts, None]]


class Wiring:
    """Connects the named parts of a page to their handlers."""

    def __init__(
        self,
        parts: dict[str, Any],
        sessions: Sessions,
        reading: ReadAhead,
        copies: Copies,
        sheets: ContactSheets,
        pace: Pace,
    ) -> None:
        self._parts = parts
        self._sessions = sessions
        self._pace = pace
        self._reading = reading
        self._copies = copies
        self._sheets = sheets
        self._outputs = list(parts.values())

    def updates(self, parts: Parts) -> dict[Any, Any]:
        """Values by name as Gradio wants them: by component, and never nothing at all."""
        if not parts:
            return {self._outputs[0]: gr.skip()}
        return {self._parts[name]: value for name, value in parts.items()}

    def update(
        self, handler: Callable[..., Parts], request: gr.Request, *given: Any, question: str = ""
    ) -> dict[Any, Any]:
        """Call a handler for whoever asks, in their language; an error for people is shown beside the question box.

        A page of which the server knows nothing more opens anew instead, with what its browser keeps, and then asks
        the `question`.
        """
        if has_arrived(request) and not self._sessions.visit(key_of(request)).arrived:
            return self.updates({"browser": message(lost=question)})
        with speaking(language_of(request)):
            try:
                return self.updates(handler(key_of(request), *given))
            except DemoError as error:
                return self.updates({"alert": alert(str(error))})

    def ask(
        self, handler: Callable[..., Parts], request: gr.Request, *given: Any, question: str = ""
    ) -> dict[Any, Any]:
        """The same for a handler that takes a question: no address may ask too many."""

        def counted(key: str) -> Parts:
            self._pace.question(address_of(request))
            return handler(key, *given)

        return self.update(counted, request, question=question)

    def stream(self, handler: Steps, request: gr.Request, *given: Any) -> Iterator[dict[Any, Any]]:
        """The same for a handler that yields.

        Gradio sends what was yielded last once more when a handler ends, perhaps long after; so nothing is last.
        """
        try:
            for parts in steps_in(language_of(request), handler(key_of(request), *given)):
                yield self.updates(parts)
        except DemoError as error:
            yield self._trouble(error, request)
        yield self.updates({})

    async def follow(self, handler: Waits, request: gr.Request, *given: Any) -> AsyncIterator[dict[Any, Any]]:
        """The same for a handler that waits without a thread."""
        try:
            async for parts in waits_in(language_of(request), handler(key_of(request), *given)):
                yield self.updates(parts)
        except DemoError as error:
            yield self._trouble(error, request)
        yield self.updates({})

    def _trouble(self, error: DemoError, request: gr.Request) -> dict[Any, Any]:
        with speaking(language_of(request)):
            return self.updates({"alert": alert(str(error))})

    def arrival(self, demo: gr.Blocks, settings: Settings, screening: Screening, models: Models) -> None:
        """What happens when a page is opened and when it is closed."""
        asked = gr.Textbox(visible=False)  # filled by memory.js

        def arrive(sent: str, request: gr.Request) -> dict[Any, Any]:
            def laid_out(key: str) -> Parts:
                return in_chinese(settings, models) | screening.arrive(key, Arrival.read(sent))

            return self.update(laid_out, request)

        def leave(request: gr.Request) -> None:
            self._sessions.leave(key_of(request))

        self._arrived = demo.load(arrive, asked, self._outputs, js="() => window.cinema.arrival()", **QUIET, **FREE)
        self._complete_after(self._arrived, screening)
        demo.unload(leave)

    def choosing(self, choosing: Choosing, screening: Screening, talking: Talking) -> None:
        """The model: how it stands with it on arrival, and another one to talk with."""
        parts = self._parts
        given = [parts["picker"], parts["slug"], parts["section"]]

        def choose(name: str, slug: str, section: int, request: gr.Request) -> dict[Any, Any]:
            return self.update(choosing.choose, request, name, slug, section)

        async def follow(request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
            async for told in self.follow(choosing.follow, request):
                yield told

        chosen = parts["picker"].input(choose, given, self._outputs, **EVERY, **FREE)
        self.illustrate_after(chosen, talking)
        for begin in (self._arrived.then, chosen.then):
            loaded = begin(follow, None, self._outputs, **EVERY, **FREE)
            self._complete_after(loaded, screening)
            self._read_ahead_after(loaded)

    def screening(self, screening: Screening, pressing: Pressing) -> None:
        """The poster wall, which also takes what the page's script asks for, and the section strip."""
        keys = [self._parts["slug"], self._parts["section"]]

        def pick(slug: str, section: int, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
            film, index, press = event._data["film"], event._data.get("section"), event._data.get("press")
            return self.update(pressing.go, request, str(film), _number(index), (slug, section), _number(press))

        for part in ("wall", "strip"):
            picked = self._parts[part].pick(pick, keys, self._outputs, **EVERY, **FREE)
            self._complete_after(picked, screening)
            self._read_ahead_after(picked)

    def searching(self, searching: Searching) -> None:
        """The search box of the transcript."""
        parts = self._parts

        def search(slug: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
            return self.update(searching.search, request, slug, str(event._data["words"]))

        # While one search runs only the last of those that follow is kept.
        latest = {**QUIET, **FREE, "trigger_mode": "always_last"}
        parts["transcript"].search(search, [parts["slug"]], self._outputs, **latest)

    def after_change(self, event: gr.events.Dependency, screening: Screening) -> None:
        """The film that is showing has become another one to the model: plan it and read it ahead."""
        self._complete_after(event, screening)
        self._read_ahead_after(event)

    def _complete_after(self, event: gr.events.Dependency, screening: Screening) -> None:
        """Pictures, plans and a copy for the player take a moment: they come when the rest is there."""

        def complete(slug: str, section: int, request: gr.Request) -> dict[Any, Any]:
            return self.update(screening.complete, request, (slug, section))

        async def copy(request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
            async for told in self.follow(self._copies.follow, request):
                yield told

        def sheet(request: gr.Request) -> dict[Any, Any]:
            return self.update(self._sheets.complete, request)

        event.then(complete, [self._parts["slug"], self._parts["section"]], self._outputs, **EVERY, **FREE)
        event.then(copy, None, self._outputs, **EVERY, **FREE)
        event.then(sheet, None, self._outputs, **EVERY, **SHEETS)

    def _read_ahead_after(self, event: gr.events.Dependency) -> None:
        """What is open now is read ahead, as long as it is open."""
        keys = [self._parts["slug"], self._parts["section"]]

        async def read_ahead(slug: str, section: int, request: gr.Request) -> AsyncIterator[dict[Any, Any]]:
            async for told in self.follow(self._reading.follow, request, slug, section):
                yield told

        event.then(read_ahead, keys, self._outputs, **EVERY, **FREE)

    def illustrate_after(self, event: gr.events.Dependency, talking: Talking) -> None:
        """So do those of the evidence."""
        keys = [self._parts["slug"], self._parts["section"]]

        def illustrate(slug: str, section: int, request: gr.Request) -> dict[Any, Any]:
            return self.update(talking.view.illustrate, request, slug, section)

        event.then(illustrate, keys, self._outputs, **EVERY, **FREE)

    def steering(self, demo: gr.Blocks, settings: Settings) -> None:
        """The settings of an answer: shown as the browser has kept them, and kept there when they change."""
        controls = [self._parts[name] for name in NAMES]

        def restore(sent: str) -> dict[Any, Any]:
            return self.updates(kept(sent, settings))

        restored = demo.load(restore, gr.Textbox(visible=False), self._outputs, js=SEND, **QUIET, **FREE)
        # A number that is too large is put right when its box is left, and of that only `change` tells.
        righted = [control.change for control in controls if isinstance(control, gr.Slider)]
        for keep in (restored.then, *(control.input for control in controls), *righted):
            keep(None, controls, None, js=KEEP, **QUIET)

    def bringing(self, bringing: Bringing, screening: Screening) -> None:
        """The panel for a film of one's own."""
        parts = self._parts

        def choose(video: Chosen, subtitles: Chosen, request: gr.Request) -> dict[Any, Any]:
            return self.update(bringing.choose, request, video, subtitles)

        def begin(video: Chosen, subtitles: Chosen, pasted: object, request: gr.Request) -> dict[Any, Any]:
            return self.update(bringing.begin, request, video, subtitles, pasted)

        def fetch(request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from self.stream(bringing.fetch, request)

        def check(request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from self.stream(bringing.check, request)

        def watch(request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from self.stream(bringing.watch, request)

        def cancel(request: gr.Request) -> dict[Any, Any]:
            return self.update(bringing.cancel, request)

        def remove(request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
            return self.update(bringing.remove, request, str(event._data["film"]))

        files = [parts["bring_video"], parts["bring_subtitles"]]
        for box in files:
            box.change(choose, files, self._outputs, **EVERY, **FREE, **AS_IT_IS)
            # In the browser: an answer of the server could come after one to a later press, and take its words away.
            box.upload(None, None, parts["bring_alert"], js="() => ''", **QUIET)
        given = [*files, parts["bring_pasted"]]
        begun = parts["bring_open"].click(begin, given, self._outputs, **QUIET, **FREE, **AS_IT_IS)
        parts["bring_pasted"].submit(None, None, None, js="() => window.cinema.one('#bring-open').click()", **QUIET)
        fetched = begun.then(fetch, None, self._outputs, **EVERY, **FREE)
        checked = fetched.then(check, None, self._outputs, **EVERY, **FILES)
        watched = checked.then(watch, None, self._outputs, **EVERY, **FREE)
        self._complete_after(watched, screening)
        self._read_ahead_after(watched)
        parts["bring_cancel"].click(cancel, None, self._outputs, queue=False, **QUIET)
        opened = parts["wall"].bring(lambda: gr.Column(visible=True), None, parts["bring"], **QUIET, **FREE)
        opened.then(None, None, None, js="() => window.cinema.bring()", **QUIET)
        parts["bring_close"].click(lambda: gr.Column(visible=False), None, parts["bring"], **QUIET, **FREE)
        removed = parts["wall"].remove(remove, None, self._outputs, **EVERY, **FREE)
        removed.then(None, None, None, js="() => window.cinema.focusWall()", **QUIET)
        self._complete_after(removed, screening)
        self._read_ahead_after(removed)


def _number(sent: Any) -> int:
    """A section's number that the page's script sent; 0 for anything else."""
    return int(sent) if re.fullmatch(r"[0-9]{1,6}", str(sent)) else 0
