"""The visitor's language: English as it stands in the code, or Chinese from chinese.json, for the length of one step.

Each step of a handler is taken in the language of the request that it answers. Outside of one, and for programs, all
is English.
"""

import json
import re
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

Language = Literal["en", "zh-CN"]
Step = TypeVar("Step")

CATALOGUE = Path(__file__).with_name("chinese.json")
LONGEST_HEADER = 500  # letters
LONGEST_SENTENCE = 2000  # letters that are compared with templates
SPOKEN = ("error", "kind", "why")  # places of a sentence that hold a sentence or a phrase of the page themselves
_WISH = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")
_PLACE = re.compile(r"\{(\w+)\}")

_language: ContextVar[Language] = ContextVar("language", default="en")


def wanted(header: str) -> Language:
    """The language for an `Accept-Language` header: the most wanted one decides; English if it makes no sense."""
    wishes = [_WISH.fullmatch(wish) for wish in header[: LONGEST_HEADER + 1].split(",")]
    if len(header) > LONGEST_HEADER or not all(wishes):
        return "en"
    best = max((wish for wish in wishes if wish), key=lambda wish: float(wish[2] or 1))
    return "zh-CN" if best[1].lower().split("-")[0] == "zh" and float(best[2] or 1) else "en"


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Inside, `say` and `translated` give this language."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def language() -> Language:
    """The language of this step."""
    return _language.get()


def steps_in(language: Language, steps: Generator[Step, None, None]) -> Iterator[Step]:
    """The same steps, each taken in that language: Gradio may take each of them in another context."""
    with closing(steps):
        while True:
            with speaking(language):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step


async def waits_in(language: Language, steps: AsyncGenerator[Step, None]) -> AsyncGenerator[Step, None]:
    """The same for steps that are waited for."""
    async with aclosing(steps):
        while True:
            with speaking(language):
                try:
                    step = await anext(steps)
                except StopAsyncIteration:
                    return
            yield step


def say(text: str, **places: object) -> str:
    """A text of the page, which stands here in English, in the visitor's language, with its `{places}` filled."""
    template = catalogue()["page"][text] if language() == "zh-CN" else text
    return template.format(**places) if places else template


def translated(sentence: str) -> str:
    """A whole sentence that was made elsewhere, in the visitor's language; as it is where chinese.json lacks it."""
    if language() == "en" or len(sentence) > LONGEST_SENTENCE:
        return sentence
    for pattern, chinese in _sentences():
        if found := pattern.fullmatch(sentence):
            given = found.groupdict()
            return chinese.format(
                **{name: translated(part) if name in SPOKEN else part for name, part in given.items()}
            )
    return sentence


def joined(*sentences: str) -> str:
    """Those of the sentences that are some, one after the other: Chinese puts no space between them."""
    return (" " if language() == "en" else "").join(filter(None, sentences))


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Chinese by English: `page` for `say`, `labels` for what Gradio draws, `sentences` for `translated`."""
    texts: dict[str, dict[str, str]] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return texts


@cache
def _sentences() -> list[tuple[re.Pattern[str], str]]:
    """Patterns with the Chinese of what they match; those with most words of their own come first."""
    own = sorted(catalogue()["sentences"].items(), key=lambda entry: -len(_PLACE.sub("", entry[0])))
    return [(_pattern(english), chinese) for english, chinese in own]


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)  # text, name, text, name, …, text
    named = (f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    return re.compile("".join(named), re.DOTALL)
