"""An open page without a browser: it sends and hears what Gradio's own script does, event after event."""

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from gradio_client.utils import apply_diff

API = "/gradio_api"
NOTHING = {"__type__": "update"}  # what a part gets that stays as it is
Parts = dict[str, Any]


class RefusedError(Exception):
    """Words that the server sends instead of an answer."""


class Layout:
    """Which parts a page has, what sets what off, and which handlers follow: what the server tells of itself."""

    def __init__(self, config: dict[str, Any]) -> None:
        """`config` is what `/config` answers."""
        names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        self.events: dict[int, dict[str, Any]] = {event["id"]: event for event in config["dependencies"]}
        self._by_target = {
            (names.get(target), kind): number
            for number, event in reversed(self.events.items())
            for target, kind in event["targets"]
        }
        self._outputs = {
            number: [names.get(target) for target in event["outputs"]] for number, event in self.events.items()
        }

    def event(self, part: str | None, kind: str) -> int:
        """The event of a part, by its `elem_id`; of the page itself where there is none."""
        return self._by_target[part, kind]

    def followers(self, number: int) -> list[int]:
        """What the page calls once an event has ended."""
        return [other for other, event in self.events.items() if event["trigger_after"] == number]

    def outputs(self, number: int) -> list[str | None]:
        """The `elem_id` of each part that an event may change."""
        return self._outputs[number]


class Tab:
    """One visitor's page, open while it is entered. Leaving it closes its connections, as closing a browser's does."""

    def __init__(self, client: httpx.AsyncClient, layout: Layout) -> None:
        self._client, self._layout = client, layout
        self._session = secrets.token_hex(8)
        self.troubles: list[str] = []  # of what goes on behind what was pressed
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard: defaultdict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self._under_way: set[str] = set()
        self._ended: set[str] = set()  # before we knew that they had begun
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Tab":
        """Open the page's heartbeat; whoever closes that has left."""
        self._start(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut all connections, whatever is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def arrive(self, film: str, section: int) -> None:
        """Load the page with a film open; what follows goes on behind it."""
        begun = self._layout.event(None, "load")
        async for _ in self._run(begun, [json.dumps({"film": film, "section": section})]):
            pass
        self._go_on_after(begun)

    async def press(self, part: str, kind: str, *given: Any) -> AsyncGenerator[Parts, None]:
        """What an event changes, and the handlers behind it as long as one follows one; the rest goes on unheard."""
        number = self._layout.event(part, kind)
        while True:
            async for parts in self._run(number, list(given)):
                yield parts
            given = ()
            after = self._layout.followers(number)
            if len(after) != 1:
                break
            number = after[0]
        self._go_on_after(number)

    async def stop(self) -> None:
        """Press the button that stops an answer."""
        number = self._layout.event("stop", "click")
        body = self._body(number, [None, None])
        (await self._client.post(f"{API}/run/predict", json=body)).raise_for_status()

    async def upload(self, path: Path) -> dict[str, Any]:
        """Bring a file; gives what a file box holds then. Raises `RefusedError`."""
        sent = await self._client.post(f"{API}/upload", files={"files": (path.name, path.read_bytes())})
        if sent.is_error:
            raise RefusedError(sent.text)
        return {"path": sent.json()[0], "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}

    def _body(self, number: int, given: list[Any]) -> dict[str, Any]:
        lacking = len(self._layout.events[number]["inputs"]) - len(given)
        return {"data": [*given, *[None] * lacking], "fn_index": number, "session_hash": self._session}

    async def _run(self, number: int, given: list[Any]) -> AsyncGenerator[Parts, None]:
        """What one handler changes, step by step. Raises `RefusedError`."""
        joined = await self._client.post(f"{API}/queue/join", json=self._body(number, given))
        if joined.is_error:
            raise RefusedError(joined.text)
        event = joined.json()["event_id"]
        heard = self._listen(event)
        names, shown = self._layout.outputs(number), list[Any]()
        while True:
            message = await heard.get()
            if not message.get("success", True):
                raise RefusedError(str(message.get("output", message).get("error", message)))
            data = message.get("output", {}).get("data") or []
            if message["msg"] == "process_generating" and shown:
                changed = [index for index, diff in enumerate(data) if diff]
                for index in changed:
                    shown[index] = apply_diff(shown[index], data[index])
            elif message["msg"] in ("process_generating", "process_completed"):
                shown, changed = data, range(len(data))
            else:
                continue
            yield {names[index]: shown[index] for index in changed if names[index] and shown[index] != NOTHING}
            if message["msg"] == "process_completed":
                del self._heard[event]
                return

    def _go_on_after(self, number: int) -> None:
        for after in self._layout.followers(number):
            if self._layout.events[after]["backend_fn"]:
                self._start(self._behind(after))

    async def _behind(self, number: int) -> None:
        try:
            async for _ in self._run(number, []):
                pass
        except RefusedError as error:
            self.troubles.append(str(error))
        self._go_on_after(number)

    def _listen(self, event: str) -> asyncio.Queue[dict[str, Any]]:
        if event in self._ended:
            self._ended.remove(event)
        else:
            self._under_way.add(event)
        if self._under_way and (self._reading is None or self._reading.done()):
            self._reading = self._start(self._read())
        return self._heard[event]

    async def _read(self) -> None:
        """Hand the server's messages to whom they concern. It ends its stream when nothing is under way for it."""
        while self._under_way:
            where = f"{API}/queue/data?session_hash={self._session}"
            async with self._client.stream("GET", where) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data: "):
                        self._hear(json.loads(line.removeprefix("data: ")))

    def _hear(self, message: dict[str, Any]) -> None:
        event = message.get("event_id")
        if message["msg"] in ("unexpected_error", "server_stopped"):
            for under_way in self._under_way:
                self._heard[under_way].put_nowait({**message, "success": False})
            self._under_way.clear()
        elif event:
            self._heard[event].put_nowait(message)
            if message["msg"] == "process_completed" and event in self._under_way:
                self._under_way.remove(event)
            elif message["msg"] == "process_completed":
                self._ended.add(event)

    async def _beat(self) -> None:
        with suppress(httpx.HTTPError):
            async with self._client.stream("GET", f"{API}/heartbeat/{self._session}") as beats:
                async for _ in beats.aiter_raw():
                    pass

    def _start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
