"""What programs send, checked before anything is computed: a refusal is a sentence with the value and the remedy."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llamavid_demo.errors import MovieError, QuestionError, UnknownModelError
from llamavid_demo.film import Movie
from llamavid_demo.options import Options, shown, within
from llamavid_demo.settings import Settings

HISTORY_TURNS = 100
ANSWER_CHARS = 20_000  # of an earlier answer


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


def model_named(name: Any, names: Sequence[str]) -> str:
    """A model that is on offer; the first when `name` is empty. Raises `UnknownModelError`."""
    if not name:
        return names[0]
    if not isinstance(name, str):
        raise UnknownModelError(f"The model must be one of {', '.join(names)}, not {shown(name)}.")
    if name not in names:
        raise UnknownModelError(f"There is no model {shown(name)} here; there are {', '.join(names)}.")
    return name


def options_of(sent: Mapping[str, Any], movie: Movie, settings: Settings) -> Options:
    """Options of a question about that film, within what the server allows. Raises `QuestionError`."""
    within("max_new_tokens", sent.get("max_new_tokens"), 1, settings.max_new_tokens, whole=True)
    within("until", sent.get("until"), 0, math.ceil(movie.duration))
    return Options.read(sent)


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
