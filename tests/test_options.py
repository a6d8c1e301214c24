"""Options of a question: whatever a browser or a program sends is either right or refused in one sentence."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, get_args, get_type_hints

import pytest

from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.cli.asking import ask
from llamavid_demo.errors import QuestionError
from llamavid_demo.options import ORIGINALS, Options
from llamavid_demo.settings import ROOT
from llamavid_demo.ui.language import catalogue
from llamavid_demo.ui.programs import Programs

EVIL = [
    float("nan"), float("inf"), -1, 10**400, "0.5", "", True, [], [1], {}, {"x": 1}, b"", "ahead\n", "<script>"
]  # fmt: skip


@pytest.mark.parametrize("value", EVIL, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", [field.name for field in fields(Options)])
def test_no_wrong_value_becomes_an_option(name: str, value: Any) -> None:
    with pytest.raises(QuestionError, match=f"^{name} must be .*, not ") as caught:
        Options.read({name: value})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("sent", [None, "both", ["reads"], {"max_tokens": 3}, {("reads",): "both"}])
def test_what_are_no_options_is_refused(sent: Any) -> None:
    with pytest.raises(QuestionError, match="must be"):
        Options.read(sent)


def test_options_survive_json() -> None:
    options = Options(0.5, 0.9, 40, 72.5, "every", "subtitles", "short", 1.2)
    assert Options.read(json.loads(json.dumps(asdict(options)))) == options
    assert Options.read({}) == Options()


def test_a_temperature_of_ones_own_takes_no_other_top_p() -> None:
    warmer = Sampling(0.7, 0.9, 50)
    assert warmer.but(Options()) == warmer
    assert warmer.but(Options(top_p=0.5)) == Sampling(0.7, 0.5, 50)
    assert warmer.but(Options(repetition_penalty=1.3)) == Sampling(0.7, 0.9, 50, 1.3)
    assert warmer.but(Options(temperature=0.0, max_new_tokens=3)) == Sampling(0.0, 1.0, 3)


def test_every_door_names_what_the_originals_sample_with() -> None:
    page = " ".join(catalogue()["labels"])
    command = " ".join(str(get_args(hint)[1:][0].help) for hint in annotated(ask) if get_args(hint)[1:])
    programs = " ".join(str(Programs.ask.__doc__).split())  # Gradio's and MCP's
    document = (ROOT / "docs" / "api.md").read_text()  # OpenAI's too
    for sentence in ORIGINALS.values():
        for door in (page, command, programs, document):
            assert sentence in door


def annotated(function: Callable[..., object]) -> list[object]:
    return list(get_type_hints(function, include_extras=True).values())
