"""Yes or no as the model says it by itself, and as the lines that it looks at have it, on questions that viewers type.

Most of the written scenes' own yes-or-no questions are traps; these repeat or paraphrase what is said, as people's do.
They are about scenes never trained on, in `yes_or_no.json`, and were written before looking at any answer. From those
that are `fitted` come the weights of `chat/yes_or_no.py`; those that are `judged` were written afterwards.
"""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from llamavid_demo import embedded
from llamavid_demo.evaluation.evaluate import share_of
from llamavid_demo.evaluation.scenes import answer_scene
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.questions.written import WrittenQuestion, WrittenScene, written_scenes

ASKED = Path(__file__).with_suffix(".json")  # groups of questions by scene and by the answer that is right


def yes_or_no(group: str = "judged") -> None:
    """How often the embedded model's yes or no is right, wrong, or left to the lines, about a group of questions."""
    model, asked = load_model(embedded.BEST), json.loads(ASKED.read_text())[group]
    table = Table("", "right of yes", "right of no", "right", "wrong", "left to the lines", title="Yes or no")
    for name, way in (
        ("by the model alone", patch("llamavid_demo.chat.first_word.CLOSE", -1.0)),
        ("as the lines have it", nullcontext()),
    ):
        with way:
            yes, no = _said(model, asked, "yes"), _said(model, asked, "no")
        right = [word == "yes" for word in yes], [word == "no" for word in no]
        left = [word == "open" for word in (*yes, *no)]
        every = right[0] + right[1]
        wrong = [not hit and not open_ for hit, open_ in zip(every, left, strict=True)]
        shares = (share_of(hits) for hits in (*right, every, wrong, left))
        table.add_row(name, *(f"{share['accuracy']:.1%} of {share['n']}" for share in shares))
    Console().print(table)


def _said(model: LoadedModel, asked: dict[str, dict[str, list[str]]], wanted: str) -> list[str]:
    """What each answer begins with that should begin with `wanted`: yes, no, or neither, which is open."""
    said = []
    for scene in written_scenes():
        questions = asked.get(scene.name, {}).get(wanted)
        for answer in answer_scene(model, _about(scene, questions)) if questions else ():
            word = answer.said.split(maxsplit=1)[0].strip(".,:").lower()
            said.append(word if word in ("yes", "no") else "open")
    return said


def _about(scene: WrittenScene, questions: list[str]) -> WrittenScene:
    """A scene with these questions alone."""
    asked = (WrittenQuestion(text, "Yes.", "yes", (0,), accept="yes") for text in questions)
    return replace(scene, questions=tuple(asked))
