"""A caller of the endpoint who goes: the computation goes with them."""

import itertools
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest

from llamavid_demo.chat import Progress
from llamavid_demo.film import load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.api import ask_endpoint
from llamavid_demo.ui.programs import Programs
from llamavid_demo.ui.sessions import Sessions

PATIENCE = 60.0  # seconds; the machine may be busy with other things


class EndlessModel:
    """Reads until somebody closes it, or answers until somebody stops it."""

    def __init__(self, *, reads: bool) -> None:
        self.reads, self.closed = reads, threading.Event()

    def chat(self, *_: Any, **__: Any) -> Generator[Progress, None, Any]:
        try:
            while self.reads:
                yield Progress("frames", 1, 2)
        finally:
            if self.reads:
                self.closed.set()
        turn = SimpleNamespace(events=lambda: itertools.repeat(["word "]), stop=self.closed.set)
        return SimpleNamespace(ask=lambda question, **_: turn, report=lambda turn: {"answer": "word"})


class OneModel(dict[str, EndlessModel]):
    """Stands for the models on offer."""

    names = ("endless",)

    def __init__(self, model: EndlessModel) -> None:
        super().__init__(endless=model)


@pytest.fixture(params=[True, False], ids=["reading", "answering"])
def model(request: pytest.FixtureRequest) -> EndlessModel:
    return EndlessModel(reads=request.param)


@pytest.fixture
def url(films: Path, model: EndlessModel) -> Iterator[str]:
    """A server with nothing but the endpoint."""
    sessions = Sessions([load_movie(films / "harbour", section_minutes=0.5)])
    with gr.Blocks(analytics_enabled=False) as demo:
        programs = Programs(Settings(), sessions, OneModel(model))  # type: ignore[arg-type]
        gr.api(ask_endpoint(programs), api_name="ask")
    _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    yield f"{address}gradio_api/call/ask"
    demo.close()


def test_computation_ends_when_its_caller_has_gone(url: str, model: EndlessModel) -> None:
    asked = httpx.post(url, json={"data": ["harbour", 0, "Where?", [], "", 0, 1, None, None]}).json()["event_id"]
    with httpx.stream("GET", f"{url}/{asked}", timeout=PATIENCE) as answer:
        assert any("generating" in line for line in answer.iter_lines())
        assert not model.closed.is_set()
    assert model.closed.wait(PATIENCE)
