"""What a person may choose for one question. Known to every room, like the settings, and as plain as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from llamavid_demo.errors import QuestionError

Guide = Literal["ahead", "first", "every"]
Reads = Literal["both", "frames", "subtitles"]
Style = Literal["any", "short", "long"]

HOTTEST = 2.0
STRICTEST = 2.0  # repetition penalty
LAST_SECOND = 1e6
MOST_TOKENS = 1_000_000
# What the original programs sample with, as every door's help says it (tests/test_options.py).
ORIGINALS = {
    "temperature": "The originals: LLaMA-VID 0.5 in its demo and 0.2 on its command line, LLaVA-Mini 0.",
    "top_p": "LLaMA-VID's demo: 0.7.",
    "repetition_penalty": "The originals: none.",
    "max_new_tokens": "The originals: 512.",
}
_SHOWN = 60  # characters of a wrong value
# "short" is the sentence of LLaVA-1.5's data, on which LLaMA-VID was tuned too.
_WORDS: dict[Style, str] = {
    "any": "",
    "short": "Answer the question using a single word or phrase.",
    "long": "Answer in detail.",
}


@dataclass(frozen=True)
class Options:
    """How one question is answered; None is what the settings or the model choose.

    `temperature` (0 is greedy) and `top_p` sample; with a `repetition_penalty` above 1 words that the answer has
    already are less likely; `max_new_tokens` is the longest answer. With `until` nothing is
    known from that second of the film on. `guide` is the question that context tokens are built from
    (`Settings.guide`); the model `reads` frames, subtitles or both; `style` asks for a short or a long answer. A model
    ignores a guide or a style that it was not made for. Raises `QuestionError` for a value that is none of these.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_new_tokens: int | None = None
    until: float | None = None
    guide: Guide | None = None
    reads: Reads = "both"
    style: Style = "any"
    repetition_penalty: float | None = None

    def __post_init__(self) -> None:
        within("temperature", self.temperature, 0, HOTTEST)
        within("top_p", self.top_p, 0.01, 1)
        within("repetition_penalty", self.repetition_penalty, 1, STRICTEST)
        within("max_new_tokens", self.max_new_tokens, 1, MOST_TOKENS, whole=True)
        within("until", self.until, 0, LAST_SECOND)
        _one_of("guide", self.guide, (*get_args(Guide), None))
        _one_of("reads", self.reads, get_args(Reads))
        _one_of("style", self.style, get_args(Style))

    @classmethod
    def read(cls, sent: Any) -> "Options":
        """Options that somebody sent as an object of names and values. Raises `QuestionError`."""
        known = [field.name for field in fields(cls)]
        if not isinstance(sent, Mapping):
            raise _wrong("The options", sent, f"an object with any of {', '.join(known)}")
        for name in sent:
            _one_of("The name of an option", name, known)
        return cls(**sent)

    def asked(self, question: str) -> str:
        """A question as the model reads it: with the words that ask for a style."""
        return f"{question}\n{_WORDS[self.style]}" if _WORDS[self.style] else question


def within(name: str, value: Any, least: float, most: float, *, whole: bool = False) -> None:
    """Hold a number that somebody sent to its bounds; None is none. Raises `QuestionError`."""
    known = int if whole else (int, float)
    if value is not None and (isinstance(value, bool) or not isinstance(value, known) or not least <= value <= most):
        raise _wrong(name, value, f"a {'whole ' if whole else ''}number from {least:g} to {most:.10g}")


def _one_of(name: str, value: Any, known: Any) -> None:
    if value not in tuple(known):
        raise _wrong(name, value, f"one of {', '.join(map(str, known))}")


def _wrong(name: str, value: Any, expected: str) -> QuestionError:
    return QuestionError(f"{name} must be {expected}, not {shown(value)}.")


def shown(value: Any) -> str:
    """A value as it stands in a sentence, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
