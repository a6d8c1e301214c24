"""What stands over an empty conversation is true of the model that is chosen."""

from types import SimpleNamespace
from typing import Any

import pytest

from llamavid_demo.settings import Settings
from llamavid_demo.ui.invitation import invitation


def model(guide: str, *, general: bool = True) -> Any:
    return SimpleNamespace(guided=guide != "none", general=general, config=SimpleNamespace(guide=guide))


@pytest.mark.parametrize(
    ("guide", "chosen", "words"),
    [
        ("ahead", {}, "as soon as it is open; after that it answers from memory"),
        ("ahead", {"read_ahead": False}, "at your first question; after that"),
        ("none", {}, "as soon as it is open"),
        ("none", {"guide": "every"}, "as soon as it is open"),
        ("first", {}, "At your first question it watches the section for it"),
        ("ahead", {"guide": "every"}, "anew for each question"),
    ],
)
def test_it_says_when_the_model_watches(guide: str, chosen: dict[str, Any], words: str) -> None:
    assert words in invitation("The Map", model(guide), Settings(**chosen))


def test_a_small_model_cannot_be_asked_anything() -> None:
    assert "in your own words" in invitation("The Map", model("ahead"), Settings())
    told = invitation("The Map", model("ahead", general=False), Settings())
    assert "knows a drawn world" in told
    assert "your own words" not in told


def test_nothing_is_promised_while_the_model_loads() -> None:
    told = invitation("The Map", None, Settings())
    assert "Ask about The Map." in told
    assert "watches" not in told
