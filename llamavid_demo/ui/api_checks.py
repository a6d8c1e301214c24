"""What programs send, checked before anything is computed: a refusal is a sentence with the value and the remedy."""

from collections.abc import Mapping
from typing import Any

from llamavid_demo.errors import MovieError, QuestionError
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


def section_number(number: Any, movie: Movie) -> int:
    """The number of a section that the film has. Raises `MovieError` with the range."""
    last = len(movie.sections) - 1
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= last:
        which = f"has sections 0 to {last}" if last else "has section 0 only"
        raise MovieError(f"{movie.title} {which}, not {shown(number)}: give the number of one.")
    return number


def question_text(question: Any, settings: Settings) -> str:
    """The question, neither empty nor too long. Raises `QuestionError`."""
    if not isinstance(question, str):
        raise QuestionError(f"The question must be a text, not {shown(question)}.")
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
    for text, most in zip(pair, (settings.question_chars, ANSWER_CHARS), strict=True):
        if len(text) > most:
            raise QuestionError(
                f"A text in history[{number}] has {len(text):,} characters; {most:,} are read at most: make it shorter."
            )
    return pair[0], pair[1]


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
