"""The one public endpoint: the same question that the page asks, for programs."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.sections import clamp
from llamavid_demo.ui.sessions import Sessions

if TYPE_CHECKING:
    from llamavid_demo.chat import MovieChat, Progress

Reports = Generator[dict[str, Any], None, None]


def ask_endpoint(sessions: Sessions, model: BackgroundModel) -> Callable[[str, int, str, list[list[str]]], Reports]:
    """The function behind `/ask`; it sees the bundled films only.

    It yields what is known so far, at each step: after every yield Gradio looks whether the caller is still there, and
    closes the generator when not, which stops the computation.
    """

    def ask(movie: str, section: int, question: str, history: list[list[str]]) -> Reports:
        """Ask about a film. `movie` is its folder's name, `history` earlier [question, answer] pairs.

        Gives answer, evidence (seconds, weight, cue), stats, model and section, as `ask --json` does. Who streams sees
        the answer grow.
        """
        film = sessions.bundled.get(movie)
        try:
            if film is None:
                raise MovieError(f"There is no film {movie!r}; there are {', '.join(sessions.bundled)}.")
            earlier = [(pair[0], pair[1]) for pair in history or ()]
            reading = model.chat(film, clamp(section, film.sections), threading.Event(), history=earlier)
            chat = yield from _unanswered(reading)
            if chat is None:
                return
            turn = chat.ask(question)
            try:
                for _ in turn.events():
                    yield chat.report(turn)
            finally:
                turn.stop()
            yield chat.report(turn)
        except DemoError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return ask


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
