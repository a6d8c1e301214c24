"""What programs send, checked before anything is computed: a refusal is a sentence with the value and the remedy."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llamavid_demo.errors import MovieError, QuestionError, UnknownModelError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings

HOTTEST = 2.0
HISTORY_TURNS = 100
ANSWER_CHARS = 20_000  # of an earlier answer
_SHOWN = 60  # characters of a wrong value


def film_named(name: Any, films: Mapping[str, Movie]) -> Movie:
    """The film of that name. Raises `MovieError`."""
    if not isinstance(name, str) or name not in films:
        raise MovieError(f"There is no film {shown(name)}; there are {', '.join(films)}.")
    return films[name]


def section_of(section: Any, movie: Movie) -> int | Literal["all"]:
    """The number of a section that the film has, or "all". Raises `MovieError` with the range."""
    if section == "all":
        return "all"
    last = len(movie.sections) - 1
    if isinstance(section, bool) or not isinstance(section, int) or not 0 <= section <= last:
        which = f"has sections 0 to {last}" if last else "has section 0 only"
        raise MovieError(f"{movie.title} {which}, not {shown(section)}: give the number of one, or 'all'.")
    return section


def second_of(until: Any, movie: Movie) -> float | None:
    """A second of the film; None is none. Raises `QuestionError`."""
    return None if until is None else number_between("until", until, 0, math.ceil(movie.duration))


def model_named(name: Any, names: Sequence[str]) -> str:
    """A model that is on offer; the first when `name` is empty. Raises `UnknownModelError`."""
    if not name:
        return names[0]
    if not isinstance(name, str):
        raise UnknownModelError(f"The model must be one of {', '.join(names)}, not {shown(name)}.")
    if name not in names:
        raise UnknownModelError(f"There is no model {shown(name)} here; there are {', '.join(names)}.")
    return name


def sampling(settings: Settings, temperature: Any, top_p: Any, max_new_tokens: Any) -> dict[str, Any]:
    """How `MovieChat.ask` samples; no `max_new_tokens` is the settings'. Raises `QuestionError`."""
    longest = settings.max_new_tokens
    if max_new_tokens is not None:
        longest = whole_number("max_new_tokens", max_new_tokens, 1, longest)
    return {
        "temperature": number_between("temperature", temperature, 0, HOTTEST),
        "top_p": number_between("top_p", top_p, 0.01, 1),
        "max_new_tokens": longest,
    }


def question_text(question: Any, settings: Settings) -> str:
    """The question, neither empty nor too long. Raises `QuestionError`."""
    if not isinstance(question, str):
        raise QuestionError(f"The question must be a text, not {shown(question)}.")
    _whole("The question", question)
    return settings.checked_question(question)


def earlier_turns(history: Any, settings: Settings) -> list[tuple[str, str]]:
    """Earlier turns as (question, answer); None is none. Raises `QuestionError` that names the wrong one."""
    if history is None:
        return []
    if not isinstance(history, list):
        raise QuestionError(f"The history must be a list of [question, answer] pairs, not {shown(history)}.")
    if len(history) > HISTORY_TURNS:
        raise QuestionError(
            f"The history has {len(history):,} turns; {HISTORY_TURNS} are read at most: leave out some."
        )
    return [_earlier_turn(number, pair, settings) for number, pair in enumerate(history)]


def _earlier_turn(number: int, pair: Any, settings: Settings) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
        raise QuestionError(f"history[{number}] must be [question, answer], two texts, not {shown(pair)}.")
    _whole(f"A text in history[{number}]", *pair)
    for text, most in zip(pair, (settings.question_chars, ANSWER_CHARS), strict=True):
        if len(text) > most:
            raise QuestionError(
                f"A text in history[{number}] has {len(text):,} characters; {most:,} are read at most: make it shorter."
            )
    return pair[0], pair[1]


def _whole(what: str, *texts: str) -> None:
    """Raises `QuestionError` for half a character: JSON can say it, nobody can read it."""
    if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
        raise QuestionError(f"{what} has half of a character in it (a lone surrogate): send it anew, as UTF-8.")


def number_between(name: str, value: Any, least: float, most: float) -> float:
    """A number of that name within its bounds. Raises `QuestionError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise QuestionError(f"{name} must be a number from {least:g} to {most:g}, not {shown(value)}.")
    return float(value)


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """The same without fractions. Raises `QuestionError`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise QuestionError(f"{name} must be a whole number from {least} to {most}, not {shown(value)}.")
    return value


def shown(value: Any) -> str:
    """A value as it stands in a sentence, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
