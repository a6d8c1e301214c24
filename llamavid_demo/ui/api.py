"""The endpoints for programs: which films there are, and the same question that the page asks.

Their docstrings and parameters stand on Gradio's API page. Whatever comes in is checked before anything is computed.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError, ModelError
from llamavid_demo.settings import Settings
from llamavid_demo.ui import api_checks as checks
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sessions import Sessions

if TYPE_CHECKING:
    from llamavid_demo.chat import MovieChat, Progress

Reports = Generator[dict[str, Any], None, None]


def films_endpoint(sessions: Sessions) -> Callable[[], list[dict[str, Any]]]:
    """The function behind `/films`."""

    def films() -> list[dict[str, Any]]:
        """List the films that can be asked about.

        Returns:
            One object a film: `slug` (what `ask` calls `movie`), `title`, `seconds` (its length), `sections` (`start`
            and `end` of each in seconds; `ask` takes its number, from 0) and `questions` that fit the film.

        """
        return [
            {
                "slug": movie.slug,
                "title": movie.title,
                "seconds": movie.duration,
                "sections": [{"start": section.start, "end": section.end} for section in movie.sections],
                "questions": list(movie.questions),
            }
            for movie in sessions.bundled.values()
        ]

    return films


def ask_endpoint(settings: Settings, sessions: Sessions, models: Models) -> Callable[..., Reports]:
    """The function behind `/ask`; it sees the bundled films only.

    It yields what is known so far, at each step: after every yield Gradio looks whether the caller is still there, and
    closes the generator when not, which stops the computation.
    """

    def ask(
        movie: str,
        section: int,
        question: str,
        history: list[list[str]] | None = None,
        model: str = "",
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
    ) -> Reports:
        """Ask about a section of a film. Whoever streams sees the answer grow; the last report is the whole one.

        A wrong argument is refused at once, in one sentence that says what would be right.

        Args:
            movie: The film's `slug`, as `films` lists it.
            section: Number of the section, from 0.
            question: What you want to know.
            history: Earlier turns of the conversation as [question, answer] pairs; none when left out.
            model: Name of a model that the page offers; its first one when empty.
            temperature: From 0, which gives the most likely answer, to 2.
            top_p: From 0.01 to 1: samples from the likeliest words that together have this probability.
            max_new_tokens: Longest answer in tokens; the server's own limit when left out.

        Returns:
            `answer`, `evidence` (a list of `seconds`, `weight`, `cue`), `stats`, `model`, `section` (start and end in
            seconds): what `ask --json` prints.

        """
        try:
            film = checks.film_named(movie, sessions.bundled)
            number = checks.section_number(section, film)
            asked = checks.question_text(question, settings)
            earlier = checks.earlier_turns(history, settings)
            sampling = _sampling(settings, temperature, top_p, max_new_tokens)
            chosen = models[_name(model, models)]
            chat = yield from _unanswered(chosen.chat(film, number, threading.Event(), history=earlier))
            if chat is None:
                return
            turn = chat.ask(asked, **sampling)
            try:
                for _ in turn.events():
                    yield chat.report(turn)
            finally:
                turn.stop()
            yield chat.report(turn)
        except DemoError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return ask


def _name(model: Any, models: Models) -> str:
    """Name of the model asked for. Raises `ModelError` when it is no text; `models` refuses unknown ones."""
    if model is not None and not isinstance(model, str):
        raise ModelError(f"The model must be one of {', '.join(models.names)}, not {checks.shown(model)}.")
    return model or models.names[0]


def _sampling(settings: Settings, temperature: Any, top_p: Any, max_new_tokens: Any) -> dict[str, Any]:
    """Options of `MovieChat.ask`. Raises `QuestionError` for what is out of bounds."""
    longest = settings.max_new_tokens
    if max_new_tokens is not None:
        longest = checks.whole_number("max_new_tokens", max_new_tokens, 1, longest)
    return {
        "temperature": checks.number_between("temperature", temperature, 0, checks.HOTTEST),
        "top_p": checks.number_between("top_p", top_p, 0.01, 1),
        "max_new_tokens": longest,
    }


def _unanswered(
    reading: "Generator[Progress, None, MovieChat | None]",
) -> "Generator[dict[str, Any], None, MovieChat | None]":
    """A report without an answer at each step of reading; the value is that of reading."""
    with closing(reading):
        while True:
            try:
                next(reading)
            except StopIteration as read:
                chat: MovieChat | None = read.value
                return chat
            yield {"answer": ""}
