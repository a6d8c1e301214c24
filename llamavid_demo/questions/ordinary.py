"""The drawn world in ordinary words: the same questions as people type them, answers in full, varied sentences.

`ordinary.json` has for each kind of question forty and more phrasings, and answers with slots for what is true.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from llamavid_demo.questions.question import Part, Question, normalise
from llamavid_demo.questions.words import NUMBERS, TIME_PHRASES, TOO_MANY, WEATHER_WORDS, article
from llamavid_demo.storybook.world import ACTIONS, COLOURS, NAMES, PLACES, THINGS, TIMES

PHRASINGS = Path(__file__).with_name("ordinary.json")
_REFUSED = re.compile(
    r"\b(no|not|none|nobody|never|nothing|nowhere|without|only|outside|beyond|(over|stops|ends) before)\b|n't|no one",
    re.IGNORECASE,
)
_FACTS = frozenset((*PLACES, *TIMES, *WEATHER_WORDS.values(), *COLOURS, *ACTIONS, *THINGS, *NUMBERS, *NAMES, TOO_MANY))
_SAME = {
    "noon": ("noon", "midday", "middle of the day"), "evening": ("evening", "dusk"), "night": ("night", "nighttime"),
    "rainy": ("rainy", "rain", "raining", "rains"), "snowy": ("snowy", "snow", "snowing", "snows"),
    "foggy": ("foggy", "fog", "misty"), "clear": ("clear",),
    **{number: (number, str(n)) for n, number in enumerate(NUMBERS, 1)},
}  # fmt: skip


@cache
def phrasings() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Questions and answers by kind."""
    raw = json.loads(PHRASINGS.read_text("utf-8"))
    return {kind: {what: tuple(texts) for what, texts in both.items()} for kind, both in raw.items()}


def reworded(question: Question, rng: random.Random) -> tuple[str, str]:
    """A question in ordinary words, and its true answer in a sentence by chance."""
    text = rng.choice(phrasings()[question.kind]["questions"]).format(**question.slots)
    kind, values = _answer(question)
    if question.slots.get("its"):
        values.setdefault("thing", question.slots["its"])
    answer = rng.choice(phrasings()[kind]["answers"]).format(**{**question.slots, **values})
    return text, answer[:1].upper() + answer[1:]


def in_ordinary_words(question: Question, rng: random.Random) -> Question:
    """The same question, and those before it, as people type them; earlier answers are in ordinary words, too."""
    earlier = question.earlier
    if earlier:
        asked = in_ordinary_words(earlier, rng)
        earlier = replace(asked, parts=(Part(reworded(earlier, rng)[1]),))
    return replace(question, text=reworded(question, rng)[0], earlier=earlier)


def same_facts(question: Question, said: str) -> bool:
    """Whether what was said has what the true answer tells and nothing else of this world, or refuses as that does."""
    true = question.answer
    if question.family in ("absent", "outside") or true.startswith("No, ") or "nobody" in true:
        return bool(_REFUSED.search(said))
    quotes = [part.text for part in question.parts if part.quoted]
    if quotes:
        return all(normalise(quote) in normalise(said) for quote in quotes)
    if question.family == "existence":
        return bool(re.search(r"\byes\b", said, re.IGNORECASE))
    known = " ".join((question.text, question.earlier.text if question.earlier else "", *question.slots.values()))
    asked = facts(known) | (set() if question.family == "count" else set(NUMBERS))
    told = facts(" ".join(part.text for part in question.parts if part.shots or part.cues))
    return told - asked <= facts(said) <= facts(true) | asked


def facts(text: str) -> set[str]:
    """The words of the drawn world that a text has, numbers and weather in one form."""
    words = f"{normalise(text)} ".replace("'s ", " ")
    return {fact for fact in _FACTS if any(f" {word} " in f" {words}" for word in _SAME.get(fact, (fact.lower(),)))}


def _answer(question: Question) -> tuple[str, dict[str, str]]:
    """The kind of answer, and the values of its slots."""
    kind, last = question.kind, question.parts[-1].text.rstrip(".")
    if question.family == "absent":
        return _absence(question)
    if kind == "EXISTENCE":
        return ("EXISTENCE_YES" if question.answer.startswith("Yes") else "EXISTENCE_NO"), {}
    if kind in ("SAYS", "WHAT_IS_SAID"):
        words = question.parts[0].text.split()
        return kind, {"quote": question.parts[-1].text, "name": words[-2], "item": words[2]}
    if kind == "WHO":
        if last == "nobody":
            return "WHO_NOBODY", {}
        return kind, {"names": _listed(" ".join(part.text for part in question.parts[1:]).rstrip("."))}
    if kind == "SAID":
        return _said(question)
    if kind == "SUMMARY":
        (first, when), (last_place, last_when) = (_place_and_time(question.parts[i].text) for i in (1, 5))
        second = question.parts[3].text
        return kind, {
            "first": first, "first_when": when, "second": second, "last": last_place, "last_when": last_when,
        }  # fmt: skip
    if kind == "WHO_SAYS_THAT":
        return kind, {"name": last.split()[0]}
    if kind == "COUNT":
        return kind, {"scenes": last}
    if kind == "CONTENTS":
        return kind, {"things": _listed(last)}
    if kind.endswith("AFTER") or kind.startswith("AFTER"):
        return kind, {"next": last.removeprefix("the ")}
    if kind == "OUTSIDE":
        return kind, {}
    slot = next(slot for ending, slot in _VALUES.items() if ending in kind)
    return kind, {slot: last}


_VALUES = {
    "PLACE_FIRST": "where", "PLACE_LAST": "where", "PLACE_NTH": "where", "WHERE": "where", "ITS_PLACE": "where",
    "TIME": "when", "WEATHER": "weather", "COLOUR": "colour", "ACTION": "action", "ABOUT": "name",
    "SPEAKS_FIRST": "name",
}  # fmt: skip


def _absence(question: Question) -> tuple[str, dict[str, str]]:
    said, slots = question.answer, question.slots
    if "scene" in said:
        return "NO_SCENE", {}
    if said.startswith("Nobody"):
        return "NO_ITEM", {}
    if "does not speak" in said:
        return "NO_WORDS", {}
    missing = slots.get("thing") or slots["place"]
    return ("NO_THING" if "thing" in slots else "NO_PLACE"), {"a": article(missing)}


def _said(question: Question) -> tuple[str, dict[str, str]]:
    quotes = []
    for who, words in zip(question.parts[1::2], question.parts[2::2], strict=True):
        quotes.append(f'{who.text} "{words.text}"')
    return ("SAID", {"quotes": " ".join(quotes)}) if quotes else ("SAID_NOBODY", {})


def _place_and_time(text: str) -> tuple[str, str]:
    text = text.rstrip(".,")
    when = next(phrase for phrase in TIME_PHRASES.values() if text.endswith(phrase))
    return text.removesuffix(when).strip(), when


def _listed(text: str) -> str:
    """`a cat and a dog and a hat` as `a cat, a dog and a hat`."""
    *first, last = text.split(" and ")
    return f"{', '.join(first)} and {last}" if first else last
