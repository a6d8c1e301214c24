"""A question about a film, its true answer, and where in the film each part of the answer stands."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llamavid_demo.questions.phrasings import kind_of
from llamavid_demo.storybook.world import Script


@dataclass(frozen=True)
class Part:
    """A run of words of an answer, with the shots that show it, or the lines (numbers of cues) that say it.

    `quoted`: the words are those of the one line in `cues`.
    """

    text: str
    shots: tuple[int, ...] = ()
    cues: tuple[int, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked, and the answer that is true of the film it was made for; a follow-up has an `earlier` one.

    `about` is the word of the world that a follow-up can call "it".
    """

    family: str
    text: str
    parts: tuple[Part, ...]
    about: str = ""
    earlier: "Question | None" = None
    kind: str = ""  # name of its group of phrasings
    slots: Mapping[str, str] = field(default_factory=dict, compare=False)  # what was put into them

    @property
    def answer(self) -> str:
        """The whole answer."""
        return " ".join(part.text for part in self.parts)

    @property
    def guide(self) -> str:
        """The first question of the conversation."""
        return self.earlier.guide if self.earlier else self.text


def asked(family: str, forms: tuple[str, ...], rng: random.Random, parts: list[Part], **slots: str) -> Question:
    """A question in one of its forms, as people type: now and then without a question mark or in one case."""
    text = rng.choice(forms).format(**slots)
    if rng.random() < 0.2:
        text = text.rstrip("?.")
    style = rng.random()
    text = text.lower() if style < 0.2 else text.upper() if style < 0.23 else text
    about = slots.get("thing") or slots.get("place") or slots.get("item") or slots.get("nth", "")
    return Question(family, text, tuple(parts), about, kind=kind_of(forms), slots=slots)


def normalise(answer: str) -> str:
    """Lower-cased words of an answer, without punctuation: what exact match compares."""
    return " ".join(re.findall(r"[\w']+", answer.lower()))


def colours_of(script: Script) -> dict[str, set[str]]:
    """Every thing in the film with the colours that it is seen in."""
    seen: dict[str, set[str]] = {}
    for shot in script.shots:
        for actor in shot.actors:
            seen.setdefault(actor.thing, set()).add(actor.colour)
    return seen


def shots_showing(script: Script, thing: str) -> tuple[int, ...]:
    """Numbers of the shots that a thing is in."""
    return tuple(i for i, shot in enumerate(script.shots) if any(a.thing == thing for a in shot.actors))
