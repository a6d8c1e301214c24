"""Questions about a film with their true answers, derived from its script."""

import random
from collections.abc import Callable

from llamavid_demo.questions import heard, seen, unseen
from llamavid_demo.questions.follow_ups import follow_up
from llamavid_demo.questions.question import Part, Question, normalise
from llamavid_demo.storybook.world import Script

__all__ = ["FAMILIES", "Part", "Question", "ask", "follow_up", "normalise", "questions"]

_MAKERS: dict[str, Callable[[Script, random.Random], Question | None]] = {
    "place": seen.place, "time": seen.time, "weather": seen.weather, "colour": seen.colour,
    "existence": seen.existence, "where": seen.where, "action": seen.action, "contents": seen.contents,
    "after": seen.after, "count": seen.count, "summary": seen.summary,
    "about": heard.about, "says": heard.says, "speaks_first": heard.speaks_first, "who": heard.who,
    "said": heard.said, "absent": unseen.absent, "outside": unseen.outside,
}  # fmt: skip
FAMILIES = (*_MAKERS, "follow_up")
_TRIES = 4


def ask(family: str, script: Script, rng: random.Random) -> Question | None:
    """A question of one family; None when the script has nothing unambiguous to ask for.

    A follow-up comes with the question before it.
    """
    for _ in range(_TRIES):
        if family == "follow_up":
            earlier = ask(rng.choice(FOLLOWED), script, rng)
            made = follow_up(earlier, script, rng) if earlier else None
        else:
            made = _MAKERS[family](script, rng)
        if made:
            return made
    return None


FOLLOWED = (
    "colour", "where", "action", "existence", "place", "time", "weather", "contents", "says", "said", "about",
)  # fmt: skip


def questions(script: Script, rng: random.Random) -> list[Question]:
    """One question of every family that the script allows, with its phrasing by chance."""
    found = [ask(family, script, rng) for family in FAMILIES]
    return [question for question in found if question]
