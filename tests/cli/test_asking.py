"""What the command `ask` makes of its arguments."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from llamavid_demo import chat
from llamavid_demo.chat import Turn
from llamavid_demo.cli import asking
from llamavid_demo.model.llama_vid import short
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings


def test_time_to_the_first_token_holds_the_reading_of_the_film(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[float] = []

    def reading(*_: object, **__: object) -> Any:
        read.append(time.perf_counter())
        return SimpleNamespace(foreign="", ask=lambda question, _: Turn(question), report=None)

    monkeypatch.setattr(chat, "MovieChat", reading)
    monkeypatch.setattr(short, "fit_for", lambda model, _: model)
    movie: Any = SimpleNamespace()
    turn, _ = asking._turn(None, movie, "0", None, "Where?", Options(), Settings(), None)  # type: ignore[arg-type]
    assert turn.asked_at <= read[0]
