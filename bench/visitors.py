"""Visitors who ask, stop, bring films and leave in the middle, through the page and through the doors for programs."""

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.tab import API, Layout, Parts, RefusedError, Tab
from llamavid_demo.ui.steering import UNSTEERED

QUESTIONS = (
    "Where does the film begin?",
    "Who has lost something?",
    "What colour is the bird?",
    "How is the weather?",
    "Is there a robot in the film?",
    "What is said about the key?",
)
BUSY = "try again in a moment"  # how the server says that its queue is full
ANSWER = re.compile(r'<div class="answer">(?!<span class="caret)(.+)', re.DOTALL)
STOPPED = "\0"  # among the pieces of an answer
STOPS, LEAVES = 0.2, 0.15  # share of questions
PATIENCE = 300.0  # seconds


@dataclass(frozen=True)
class Asked:
    """How a question ended: "whole", "stopped", "left", "busy" or "error", which `words` are about.

    `began` counts from the start of the load, `first` from the question to its first word; seconds.
    """

    door: str
    outcome: str
    began: float
    first: float | None = None
    words: str = ""


class Visitor:
    """One of many; what it does is drawn from its seed."""

    def __init__(
        self, client: httpx.AsyncClient, layout: Layout, films: dict[str, int], clips: list[Path], *, seed: int,
        pause: float,
    ) -> None:  # fmt: skip
        """`films` has the number of sections of each, `pause` is the mean of seconds between two questions."""
        self._client, self._layout, self._films, self._clips, self._pause = client, layout, films, clips, pause
        self._random = random.Random(seed)
        self.asked: list[Asked] = []
        self.troubles: list[str] = []  # beside questions

    async def stay(self, began: float, seconds: float) -> None:
        """Come and go until so many seconds after `began`, on the clock of `time.monotonic`."""
        self._began = began
        doors = (self._page, self._own_film, self._endpoint, self._chat_client)
        while time.monotonic() - began < seconds:
            await asyncio.sleep(self._random.expovariate(1 / self._pause))
            door = self._random.choices(doors, weights=(5, 2, 2, 2))[0]
            try:
                await door()
            except (RefusedError, httpx.HTTPError) as error:
                self.troubles.append(f"{door.__name__}: {type(error).__name__}: {error}")

    async def _page(self) -> None:
        film = self._random.choice([*self._films])
        async with Tab(self._client, self._layout) as tab:
            await tab.arrive(film, self._random.randrange(self._films[film]))
            for _ in range(self._random.randint(1, 4)):
                if await self._asked("page", self._pressed(tab)) == "left":
                    break
                await asyncio.sleep(self._random.expovariate(1 / self._pause))
        self.troubles += tab.troubles

    async def _own_film(self) -> None:
        async with Tab(self._client, self._layout) as tab:
            await tab.arrive(next(iter(self._films)), 0)
            video = await tab.upload(self._random.choice(self._clips))
            await _last(tab.press("bring-video", "change", video))
            shown = await _last(tab.press("bring-open", "click", video))
            if said := _said(shown.get("bring_alert")):
                self.troubles.append(f"a film was not taken: {said}")
            await self._asked("own film", self._pressed(tab))
        self.troubles += tab.troubles

    async def _pressed(self, tab: Tab) -> AsyncGenerator[str, None]:
        """The answer on the page, as often as it grows. Raises `RefusedError`."""
        stops = self._random.random() < STOPS
        said = ""
        async with aclosing(tab.press("ask", "click", self._random.choice(QUESTIONS), None, None, UNSTEERED)) as shown:
            async for parts in shown:
                said = _said(parts.get("alert", said))
                if answer := ANSWER.search(str(parts.get("current", ""))):
                    yield answer[1]
                    if stops:
                        stops = False
                        await tab.stop()
                        yield STOPPED
        if said:
            raise RefusedError(said)

    async def _endpoint(self) -> None:
        await self._asked("/ask", self._called())

    async def _called(self) -> AsyncGenerator[str, None]:
        film = self._random.choice([*self._films])
        data = [film, self._random.randrange(self._films[film]), self._random.choice(QUESTIONS), [], "", 0, 1]
        calls = f"{API}/call/ask"
        begun = await self._client.post(calls, json={"data": [*data, None, None, None, "both", "any", 1]})
        if begun.is_error:
            raise RefusedError(begun.text)
        async with self._client.stream("GET", f"{calls}/{begun.json()['event_id']}") as stream:
            event = ""
            async for line in stream.aiter_lines():
                kind, _, value = line.partition(": ")
                event = value if kind == "event" else event
                if kind == "data" and event == "error":
                    raise RefusedError(value)
                if kind == "data" and event in ("generating", "complete") and (told := json.loads(value)):
                    yield told[0]["answer"] if isinstance(told[0], dict) else ""

    async def _chat_client(self) -> None:
        await self._asked("/v1", self._completed())

    async def _completed(self) -> AsyncGenerator[str, None]:
        question = {"role": "user", "content": self._random.choice(QUESTIONS)}
        models = (await self._client.get("/v1/models")).raise_for_status().json()["data"]
        model = self._random.choice([one["id"] for one in models if "/" in one["id"]])
        body = {"model": model, "messages": [question], "stream": True}
        async with self._client.stream("POST", "/v1/chat/completions", json=body) as stream:
            if stream.is_error:
                raise RefusedError((await stream.aread()).decode())
            async for line in stream.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                told = json.loads(line.removeprefix("data: "))
                if "error" in told:
                    raise RefusedError(told["error"]["message"])
                yield told["choices"][0]["delta"].get("content", "")

    async def _asked(self, door: str, answer: AsyncGenerator[str, None]) -> str:
        """Ask, and take note of how it ends; now and then leave in the middle."""
        began, first = time.monotonic(), None
        leaves, outcome, words = self._random.random() < LEAVES, "whole", ""
        try:
            async with aclosing(answer):
                async for said in answer:
                    if said == STOPPED:
                        outcome = "stopped"
                    elif said and first is None:
                        first = time.monotonic() - began
                    if leaves and self._random.random() < 0.5:  # also before its first word
                        outcome = "left"
                        break
        except (RefusedError, httpx.HTTPError) as error:
            words = f"{error}"
            outcome = "busy" if BUSY in words else "error"
        self.asked.append(Asked(door, outcome, began - self._began, first, words))
        return outcome


async def _last(steps: AsyncGenerator[Parts, None]) -> Parts:
    """All that a press has changed, as it was in the end."""
    shown: Parts = {}
    async for parts in steps:
        shown |= parts
    return shown


def _said(html: object) -> str:
    """The words of an alert that tells of trouble, "" where there is none or it is calm."""
    return re.sub(r"<[^>]*>", "", str(html)).strip() if 'role="alert"' in str(html or "") else ""
