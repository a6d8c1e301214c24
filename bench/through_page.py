"""Questions asked through the page's own handlers, without a browser: what visitors get of the speed."""

import threading
import time
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

from llamavid_demo.chat import MovieChat, Progress
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills

NAME = "model"


class GivenModel(BackgroundModel):
    """A model that is there already, with sections that were read."""

    def __init__(self, settings: Settings, model: LoadedModel, prefixes: PrefixCache) -> None:
        self._settings, self._replicas, self._prefixes = settings, None, prefixes
        self._loaded: Future[LoadedModel] = Future()
        self._loaded.set_result(model)

    def chat(
        self, movie: Movie, section: int, stopping: threading.Event, *, ahead: bool = False, **options: Any
    ) -> "Generator[Progress, None, MovieChat | None]":
        """As on the page."""
        return super().chat(movie, section, stopping, ahead=ahead, prefixes=self._prefixes, **options)


def page_seconds(
    model: LoadedModel, movie: Movie, settings: Settings, prefixes: PrefixCache, question: str, visitors: int
) -> float:
    """How long it takes until so many visitors have their answers, the section being read; all ask at once."""
    sessions = Sessions([movie], model=NAME)
    talking = Talking(settings, sessions, {NAME: GivenModel(settings, model, prefixes)}, Stills())  # type: ignore[arg-type]
    keys = [f"visitor {number}" for number in range(visitors)]
    began = time.perf_counter()
    for key in keys:
        talking.begin(key, question, movie.slug, 0)
    threads = [threading.Thread(target=lambda key=key: list(talking.answer(key))) for key in keys]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    for key in keys:
        conversation = sessions.conversation(key, movie.slug, 0)
        assert conversation is not None
        turn = conversation.chat.turns[-1]
        assert turn.stats and turn.stats.new_tokens == settings.max_new_tokens
    return took
