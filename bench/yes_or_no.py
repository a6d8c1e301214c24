"""Yes or no as the model first says it, and as the rest of its answer has it, on questions that viewers type.

Most of the written scenes' own yes-or-no questions are traps; these repeat what is said, as people's do. They were
written about eight scenes never trained on, before looking at any answer.
"""

import re
from contextlib import nullcontext
from dataclasses import replace
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from llamavid_demo import embedded
from llamavid_demo.evaluation.evaluate import share_of
from llamavid_demo.evaluation.scenes import answer_scene
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.questions.written import WrittenQuestion, WrittenScene, written_scenes

ASKED = {  # by scene, those to be answered with yes and with no
    "precinct-05": (
        "Is Mrs. Castellan a lawyer? Is Jonah fourteen? Is the uncle's boat red? Does Mr. Brandt own the wall? "
        "Did Jonah drop the ladder?",
        "Will Jonah go to jail? Is the boat blue? Did he paint a ship?",
    ),
    "restaurant-14": (
        "Is one claw smaller than the other? Does she call him Augustin? Does Bernadette want to keep the lobster? "
        "Is the lobster expensive?",
        "Do they eat the lobster? Are they going by car tonight? Do the lobsters have names?",
    ),
    "science-fiction-118": (
        "Does the ship come on the thirtieth day? Is Ivalu alone at the station? Does Archive know many songs? "
        "Does Archive have a switch?",
        "Is there enough heat for both until the ship comes? Does Archive give up the songs? Is it summer?",
    ),
    "sitcom-123": (
        "Does Leila play the trumpet? Is there a jar? Is Sigrid wearing shoes? Does Leila like the rule about quiet? "
        "Does Barney choose the holiday?",
        "Does Barney like the rules at first? Is the jar empty? Are there forty rules on the list now?",
    ),
    "spies-14": (
        "Is the coin hollow? Is there a film in the coin? Does Mr. Yun run the chess club? Did Mr. Pavlik find a coin?",
        "Is the coin new? Did they really lose an earring? Is the microscope in the kitchen?",
    ),
    "storybook-102": (
        "Does Lotte like pancakes? Can Pelican read? Does Pelican have nine friends? Did Seal swim all night?",
        "Is there fish in the bottle? Does Seal have friends? Does Lotte live in a castle?",
    ),
    "teenagers-41": (
        "Was the child crying? Is the pistachio expensive? Did they have a shop? Did his wife buy the van?",
        "Are the medals gold? Do the children have money? Is it the thirtieth today?",
    ),
    "university-36": (
        "Did he have a stroke? Is there a cat? Has Mrs. Thorvald been writing the letters? "
        "Did she take the degree before him? Is there a gap on page ninety?",
        "Did Henrik write the letters himself? Can Henrik speak?",
    ),
}


def yes_or_no() -> None:
    """How often the embedded model's yes or no is right, with and without reading on before it is said."""
    model = load_model(embedded.BEST)
    table = Table("", "right of yes", "right of no", "right", title="Yes or no")
    for name, way in (
        ("as first said", patch("llamavid_demo.chat.first_word.contradicts", lambda *_: False)),
        ("as the rest has it", nullcontext()),
    ):
        with way:
            yes, no = _right(model)
        shares = (share_of(hits) for hits in (yes, no, yes + no))
        table.add_row(name, *(f"{share['accuracy']:.1%} of {share['n']}" for share in shares))
    Console().print(table)


def _right(model: LoadedModel) -> tuple[list[bool], list[bool]]:
    """Whether each answer begins as it should, of those that should be yes and no."""
    hits: tuple[list[bool], list[bool]] = [], []
    for scene in written_scenes():
        for wanted, texts, found in zip(("yes", "no"), ASKED.get(scene.name, ()), hits, strict=False):
            found += [answer.right for answer in answer_scene(model, _about(scene, texts, wanted))]
    return hits


def _about(scene: WrittenScene, texts: str, wanted: str) -> WrittenScene:
    """A scene with these questions alone."""
    asked = (
        WrittenQuestion(text, f"{wanted.title()}.", wanted, (0,), accept=rf"^{wanted}\b")
        for text in re.findall(r"\S.+?\?(?=\s|$)", texts)
    )
    return replace(scene, questions=tuple(asked))
