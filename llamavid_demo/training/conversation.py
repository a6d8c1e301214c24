"""Conversations about a film, as the LLaMA learns from them: which question comes when, and which one is the guide."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from llamavid_demo.questions import Question, ask, follow_up
from llamavid_demo.storybook.world import Script

# The guide must name what they ask for: content tokens don't tell.
GUIDED = ("colour", "action")
NAMING = (*GUIDED, "where", "existence")  # what a follow-up asks on may be guided
HEARD = ("about", "says", "speaks_first", "who", "said")


@dataclass(frozen=True)
class Manner:
    """How a conversation goes: `turns` questions, families by their weight, `subtitles` in this share of films."""

    turns: int
    families: Mapping[str, float]
    subtitles: float = 0.9
    later_guide: float = 0.25  # share of conversations guided by a later question than the first
    follow_ups: float = 0.2  # share of later turns


@dataclass(frozen=True)
class Conversation:
    """Questions in order, whether each is to be learned, and the guide question."""

    questions: list[Question]
    learn: list[bool]
    guide: str
    subtitles: bool


@dataclass
class _Draft:
    questions: list[Question] = field(default_factory=list)
    learn: list[bool] = field(default_factory=list)

    def add(self, question: Question, *, learn: bool = True) -> None:
        self.questions.append(question)
        self.learn.append(learn)

    def forget_guided(self) -> None:
        """The last question became the guide: what earlier ones asked of the context tokens is gone."""
        last = len(self.questions) - 1
        self.learn = [
            learn and (turn == last or not _guided(question))
            for turn, (question, learn) in enumerate(zip(self.questions, self.learn, strict=True))
        ]


def converse(script: Script, manner: Manner, rng: random.Random) -> Conversation:
    """A conversation by chance. Only what the guide question names is asked of the context tokens.

    Turns that the guide does not help are of families that need none; one of another kind may stand before the guide,
    as when each question makes its own context tokens, but it is not learned.
    """
    subtitles = rng.random() < manner.subtitles and bool(script.cues())
    families = {f: w for f, w in manner.families.items() if subtitles or f not in HEARD}
    unguided = {family: weight for family, weight in families.items() if family not in GUIDED}
    turn = rng.randrange(manner.turns) if rng.random() < manner.later_guide else 0
    draft = _Draft()
    while len(draft.questions) < turn:
        if rng.random() < 0.3:
            draft.add(_ask({f: w for f, w in families.items() if f in GUIDED}, script, rng), learn=False)
        else:
            draft.add(_ask(unguided, script, rng))
    leading = _ask(families if turn else {f: w * (6 if f in GUIDED else 1) for f, w in families.items()}, script, rng)
    draft.add(leading)
    guide = leading.text
    while len(draft.questions) < manner.turns:
        last = draft.questions[-1]
        further = follow_up(last, script, rng) if rng.random() < manner.follow_ups else None
        named = last is leading or last.family not in NAMING
        if further and named and not (further.family in HEARD and not subtitles):
            draft.add(further)
            if rng.random() < 0.2:  # as when each question makes its own context tokens
                guide = further.text
                draft.forget_guided()
                break
        else:
            draft.add(_ask(unguided, script, rng))
    return Conversation(draft.questions, draft.learn, guide, subtitles)


def converse_freely(script: Script, manner: Manner, rng: random.Random) -> Conversation:
    """A conversation by chance in which any turn may ask anything, as no question is the guide."""
    subtitles = rng.random() < manner.subtitles and bool(script.cues())
    families = {f: w for f, w in manner.families.items() if subtitles or f not in HEARD}
    asked: list[Question] = []
    while len(asked) < manner.turns:
        further = follow_up(asked[-1], script, rng) if asked and rng.random() < manner.follow_ups else None
        asked.append(further if further and (subtitles or further.family not in HEARD) else _ask(families, script, rng))
    return Conversation(asked, [True] * len(asked), "", subtitles)


def _guided(question: Question) -> bool:
    """Whether the guide must name what a question, or the one that it follows, asks for."""
    earlier = question.earlier
    return question.family in GUIDED or (earlier is not None and earlier.family in NAMING)


def _ask(weights: Mapping[str, float], script: Script, rng: random.Random) -> Question:
    """A question of a family by chance; a place can always be asked for, where the film has nothing for the others."""
    families = {"place": 0.0, **weights}
    while True:
        family = rng.choices(list(families), list(families.values()))[0] if any(families.values()) else "place"
        question = ask(family, script, rng)
        if question:
            return question
        families[family] = 0.0
