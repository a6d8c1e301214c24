"""The one public endpoint: the same question that the page asks, for programs."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.sections import clamp
from llamavid_demo.ui.sessions import Sessions


def ask_endpoint(
    sessions: Sessions, model: BackgroundModel
) -> Callable[[str, int, str, list[list[str]]], dict[str, Any]]:
    """The function behind `/ask`; it sees the bundled films only."""

    def ask(movie: str, section: int, question: str, history: list[list[str]]) -> dict[str, Any]:
        """Ask about a film. `movie` is its folder's name, `history` earlier [question, answer] pairs.

        Gives answer, evidence (seconds, weight, cue), stats, model and section, as `ask --json` does.
        """
        try:
            film = sessions.bundled.get(movie)
            if film is None:
                raise MovieError(f"There is no film {movie!r}; there are {', '.join(sessions.bundled)}.")
            index = clamp(section, film.sections)
            earlier = [(pair[0], pair[1]) for pair in history or ()]
            chat = model.chat(film, index, history=earlier)
            return chat.report(chat.ask(question).finish())
        except DemoError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return ask
