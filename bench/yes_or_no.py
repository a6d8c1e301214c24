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
            said = _said(model, asked)
        right = [word == wanted for wanted, word in said]
        left = [word == "" for _, word in said]
        shares = (
            *(share_of([word == wanted for wanted, word in said if wanted == kind]) for kind in ("yes", "no")),
            share_of(right),
            share_of([not hit and not open_ for hit, open_ in zip(right, left, strict=True)]),
            share_of(left),
        )
        table.add_row(name, *(f"{share['accuracy']:.1%} of {share['n']}" for share in shares))
    Console().print(table)


def _said(model: LoadedModel, asked: dict[str, dict[str, list[str]]]) -> list[tuple[str, str]]:
    """What each answer should begin with, and what it begins with: yes, no, or "" for anything else."""
    said = []
    for scene in (scene for scene in written_scenes() if scene.name in asked):
        for answer in answer_scene(model, _about(scene, asked[scene.name])):
            word = answer.said.split(maxsplit=1)[0].strip(".,:").lower()
            said.append((answer.question.kind, word if word in ("yes", "no") else ""))
    return said


def _about(scene: WrittenScene, questions: dict[str, list[str]]) -> WrittenScene:
    """A scene with these questions alone, by the word that each should begin with."""
    asked = (
        WrittenQuestion(text, f"{word.title()}.", word, (0,), accept=word)
        for word, texts in questions.items()
        for text in texts
    )
    return replace(scene, questions=tuple(asked))
