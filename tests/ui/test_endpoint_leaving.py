"""A caller who goes, at whichever door: the computation goes with them."""

import itertools
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import gradio as gr
import httpx
import pytest
from anyio.to_thread import run_sync

from llamavid_demo.chat import Progress
from llamavid_demo.errors import BusyError
from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.api import ask_endpoint
from llamavid_demo.ui.program_routes import routes
from llamavid_demo.ui.programs import Programs
from llamavid_demo.ui.sessions import Sessions
from tests.ui.mcp_session import session
from tests.ui.scripted import run

PATIENCE = 60.0  # seconds; the machine may be busy with other things


class EndlessModel:
    """Reads until somebody closes it, or answers until somebody stops it."""

    def __init__(self, *, reads: bool) -> None:
        self.reads, self.begun, self.closed = reads, threading.Event(), threading.Event()

    async def arrival(self) -> None:
        """It is there."""

    def chat(self, *_: Any, **__: Any) -> Generator[Progress, None, Any]:
        try:
            while self.reads:
                self.begun.set()
                yield Progress("frames", 1, 2)
        finally:
            if self.reads:
                self.closed.set()
        turn = SimpleNamespace(events=self.events, stop=self.closed.set)
        return SimpleNamespace(ask=lambda question, **_: turn, report=lambda turn: {"answer": "word"})

    def events(self) -> Iterator[list[str]]:
        self.begun.set()
        return itertools.repeat(["word "])


class OneModel(dict[str, EndlessModel]):
    """Stands for the models on offer."""

    names = ("endless",)

    def __init__(self, model: EndlessModel) -> None:
        super().__init__(endless=model)


@pytest.fixture(params=[True, False], ids=["reading", "answering"])
def model(request: pytest.FixtureRequest) -> EndlessModel:
    return EndlessModel(reads=request.param)


@pytest.fixture
def programs(films: Path, model: EndlessModel) -> Programs:
    sessions = Sessions([load_movie(films / "harbour", section_minutes=0.5)])
    return Programs(Settings(answers_at_once=1, queue_length=1), sessions, OneModel(model))  # type: ignore[arg-type]


@pytest.fixture
def url(programs: Programs) -> Iterator[str]:
    """A server with nothing but what programs may call."""
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.api(ask_endpoint(programs), api_name="ask")
    _, address, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, ssr_mode=False, app_kwargs={"routes": routes(programs)}
    )
    yield address
    demo.close()


def test_computation_ends_when_its_caller_has_gone(url: str, model: EndlessModel) -> None:
    calls = f"{url}gradio_api/call/ask"
    asked = httpx.post(
        calls, json={"data": ["harbour", 0, "Where?", [], "", 0, 1, None, None, None, "both", "any", 1]}
    ).json()["event_id"]
    with httpx.stream("GET", f"{calls}/{asked}", timeout=PATIENCE) as answer:
        assert any("generating" in line for line in answer.iter_lines())
        assert not model.closed.is_set()
    assert model.closed.wait(PATIENCE)


async def complete(url: str, *, stream: bool) -> None:
    body = {"model": "endless", "messages": [{"role": "user", "content": "Where?"}], "stream": stream}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        await client.post(f"{url}v1/chat/completions", json=body)


async def use_tool(url: str) -> None:
    async with session(url) as client:
        await client.call_tool("ask", {"movie": "harbour", "section": 0, "question": "Where?"})


DOORS = {
    "stream": lambda url: complete(url, stream=True), "whole": lambda url: complete(url, stream=False), "mcp": use_tool
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_so_it_does_behind_the_other_doors(
    url: str, model: EndlessModel, door: Callable[[str], Awaitable[None]]
) -> None:
    async def come_and_go() -> None:
        async with anyio.create_task_group() as callers:
            callers.start_soon(door, url)
            assert await run_sync(model.begun.wait, PATIENCE)
            assert not model.closed.is_set()
            callers.cancel_scope.cancel()
        assert await run_sync(model.closed.wait, PATIENCE)

    run(come_and_go())


def test_one_more_than_may_wait_is_told_to_come_back(programs: Programs) -> None:
    ask = {"movie": "harbour", "section": 0, "question": "Where?"}
    two = [programs.ask(**ask), programs.ask(**ask)]
    for asking in two:
        next(asking)
    with pytest.raises(BusyError, match="try again in a moment"):
        next(programs.ask(**ask))
    two.pop().close()
    next(programs.ask(**ask))
