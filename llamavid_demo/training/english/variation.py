"""The same scene told otherwise: other names, another time in the film, another way of typing and of subtitling."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.sections import clock
from llamavid_demo.training.english.film import Film

NAMES = json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))
WOMEN, MEN = NAMES["women"], NAMES["men"]
_POOLS = (WOMEN, MEN)
_NAME = re.compile(r"\b(" + "|".join(sorted({*WOMEN, *MEN}, key=len, reverse=True)) + r")\b")
_UPPER = re.compile(r"\b(" + "|".join(sorted({n.upper() for n in (*WOMEN, *MEN)}, key=len, reverse=True)) + r")\b")
_LOWER = re.compile(r"\b(" + "|".join(sorted({n.lower() for n in (*WOMEN, *MEN)}, key=len, reverse=True)) + r")s?\b")
_TIME = re.compile(r"\b(\d{1,2}):([0-5]\d)\b")
_PREFIX = re.compile(r"(?m)^((?:- ?)?)([A-Z][\w.' ]{0,24}):(?= )")


def other_names(film: Film, rng: random.Random) -> Film:
    """The people of a film under other names, women's for women and men's for men, everywhere alike."""
    said = "\n".join(cue.text for cue in film.cues)
    found = sorted({*_NAME.findall(said), *(name.title() for name in _UPPER.findall(said))})
    change: dict[str, str] = {}
    for pool in _POOLS:
        old = [name for name in found if name in pool and name not in change]
        free = [name for name in pool if name not in found]
        change |= dict(zip(old, rng.sample(free, len(old)), strict=True))

    def renamed(text: str) -> str:
        text = _NAME.sub(lambda m: change.get(m[1], m[1]), text)
        return _UPPER.sub(lambda m: change.get(m[1].title(), m[1].title()).upper(), text)

    def asked(text: str) -> str:
        text = renamed(text)
        return _LOWER.sub(lambda m: change.get(m[1].title(), m[1]).lower() + m[0][len(m[1]) :], text)

    talks = [
        [replace(turn, question=asked(turn.question), answer=renamed(turn.answer)) for turn in talk]
        for talk in film.talks
    ]
    return replace(film, cues=[replace(cue, text=renamed(cue.text)) for cue in film.cues], talks=talks)


def shifted(film: Film, seconds: int, *, drawn: bool = False) -> Film:
    """The same later in a longer film; the times that questions and answers name go with it.

    Times of day that are spoken of ("at 7:30") stay: only times at which a cue is on screen are moved. In a `drawn`
    film nobody speaks of times.
    """
    on_screen = {int(second) for cue in film.cues for second in range(int(cue.start) - 1, int(cue.end) + 2)}
    on_screen |= set(range(film.seconds)) if drawn else set()

    def moved(text: str) -> str:
        def later(m: re.Match[str]) -> str:
            second = int(m[1]) * 60 + int(m[2])
            return clock(second + seconds) if second in on_screen else m[0]

        return _TIME.sub(later, text)

    said = " ".join(cue.text for cue in film.cues)
    spoken = set(_TIME.findall(said))
    talks = [
        [
            turn if spoken & set(_TIME.findall(turn.question + turn.answer))
            else replace(turn, question=moved(turn.question), answer=moved(turn.answer))
            for turn in talk
        ]
        for talk in film.talks
    ]  # fmt: skip
    cues = [Cue(cue.start + seconds, cue.end + seconds, cue.text) for cue in film.cues]
    return replace(film, cues=cues, start=film.start + seconds, talks=talks)


def typed(text: str, rng: random.Random) -> str:
    """A question as somebody in a hurry types it, now and then."""
    if rng.random() < 0.25:
        text = text.rstrip("?.! ")
    if rng.random() < 0.25:
        text = text.lower()
    elif rng.random() < 0.2:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.08 and len(text) > 12:
        at = rng.randrange(3, len(text) - 2)
        if text[at].isalpha() and text[at + 1].isalpha():
            kind = rng.random()
            if kind < 0.4:
                text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            else:
                text = text[:at] + text[at + 1 :] if kind < 0.7 else text[:at] + text[at] + text[at:]
    return text


def subtitled(cues: Sequence[Cue], rng: random.Random) -> list[Cue]:
    """Cues in another habit: speakers' names in capitals or not, in brackets, or as they were."""
    style = rng.choice(("as is", "as is", "title", "upper", "brackets"))

    def speaker(m: re.Match[str]) -> str:
        name = {"title": m[2].title(), "upper": m[2].upper()}.get(style, m[2])
        return f"{m[1]}[{name.title()}]" if style == "brackets" else f"{m[1]}{name}:"

    if style == "as is":
        return list(cues)
    return [replace(cue, text=_PREFIX.sub(speaker, cue.text)) for cue in cues]


def retold(film: Film, rng: random.Random) -> Film:
    """A film by chance in other names, at another time, typed and subtitled otherwise."""
    if rng.random() < 0.7:
        film = other_names(film, rng)
    if rng.random() < 0.5:
        film = shifted(film, rng.choice((rng.randrange(1, 60), rng.randrange(60, 1200), rng.randrange(1200, 5400))))
    talks = [[replace(turn, question=typed(turn.question, rng)) for turn in talk] for talk in film.talks]
    return replace(film, cues=subtitled(film.cues, rng), talks=talks)
