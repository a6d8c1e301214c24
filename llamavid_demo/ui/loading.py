"""The model, loaded in the background while the page is already there."""

import asyncio
import logging
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import closing
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llamavid_demo.embedded import BEST, INSTALL, embedded, on_zero_gpu
from llamavid_demo.errors import DemoError, ModelError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.language import joined, language, say, translated

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress
    from llamavid_demo.chat.dialogue import Dialogue
    from llamavid_demo.chat.replicas import RayReplicas
    from llamavid_demo.model.loaded import LoadedModel

CHECK_EVERY = 0.2  # seconds
# Two threads that import transformers at once break its lazy modules.
ONE_AFTER_THE_OTHER = threading.Lock()

log = logging.getLogger(__name__)


def model_name(settings: Settings) -> str:
    """What people call the settings' model: its folder, or the last part of its Hub id."""
    return Path(settings.model).absolute().name


FAILED = "The model could not be loaded; the server's log says why."


class BackgroundModel:
    """Starts to load when it is made, after those made before. Knows three states: loading, ready, failed.

    With `replicas` they load it, and what is here is the model without its weights.
    """

    def __init__(self, settings: Settings, replicas: "RayReplicas | None" = None) -> None:
        self._settings, self._replicas = settings, replicas
        self._loaded: Future[LoadedModel] = Future()
        threading.Thread(target=self._load, daemon=True, name="model-loading").start()

    @property
    def ready(self) -> "LoadedModel | None":
        """The model if it is there, without waiting."""
        if self._loaded.done() and self._loaded.exception() is None:
            return self._loaded.result()
        return None

    @property
    def loading(self) -> bool:
        """Whether it is still on its way."""
        return not self._loaded.done()

    def wait(self, stopping: threading.Event | None = None) -> "LoadedModel | None":
        """The model, however long it takes; None when `stopping` is set meanwhile.

        Raises `ModelError` when it could not be loaded.
        """
        while not (stopping and stopping.is_set()):
            try:
                return self._loaded.result(timeout=CHECK_EVERY)
            except TimeoutError:
                continue
            except DemoError as error:
                raise type(error)(_told(error)) from None
        return None

    def chat(
        self,
        movie: Movie,
        section: int | Literal["all"],
        stopping: threading.Event,
        *,
        ahead: bool = False,
        **options: Any,
    ) -> "Generator[Progress, None, Dialogue | None]":
        """Make a conversation about a section, or "all": wait for the model, then read its frames or find them kept.

        Yields the progress of reading. The generator's value is the conversation, or None when `stopping` was set
        before it was there. Reading `ahead` lets everybody else's work go first; options go to `MovieChat`. Raises
        what loading and reading raise. On ZeroGPU nothing is read before there is a question, by replicas nothing here.
        """
        loaded = self.wait(stopping)
        if loaded is None:
            return None
        # Imported here: torch is there by now, the page is without it.
        from llamavid_demo.chat import MovieChat, encode_section, open_cache
        from llamavid_demo.chat.task import Priority
        from llamavid_demo.model.llama_vid.short import fit_for

        if self._replicas:
            from llamavid_demo.chat.replica_chat import ReplicaChat

            name = model_name(self._settings)
            return ReplicaChat(
                loaded, movie, section, name=name, replicas=self._replicas, settings=self._settings, **options
            )
        if on_zero_gpu():
            from llamavid_demo.chat.lent_chat import LentChat

            return LentChat(loaded, movie, section, settings=self._settings, **options)
        loaded = fit_for(loaded, movie)
        priority = Priority.AHEAD if ahead else Priority.READ
        cache = open_cache(self._settings, movie)
        part = movie.whole if section == "all" else movie.sections[section]
        with closing(encode_section(loaded, movie, part, cache, priority=priority)) as reading:
            while not stopping.is_set():
                try:
                    progress = next(reading)
                except StopIteration as read:
                    return MovieChat(loaded, movie, section, settings=self._settings, encoded=read.value, **options)
                yield progress
        return None

    async def arrival(self) -> None:
        """Wait, without a thread, until the model is there or has failed."""
        await asyncio.gather(asyncio.shield(asyncio.wrap_future(self._loaded)), return_exceptions=True)

    def state(self) -> str:
        """HTML of one line: what a person should know about the model now."""
        if self.loading:
            return f'<p class="model loading" role="status"><i></i>{say("The model is loading…")}</p>'
        error = self._loaded.exception()
        if error:
            return f'<p class="model failed" role="alert"><i></i>{escape(_told(error))}</p>'
        from llamavid_demo.model.fitting import IN_FOUR_BITS  # torch is there by now

        loaded = self._loaded.result()
        shrunk = translated(IN_FOUR_BITS) if loaded.shrunk else ""
        limits = joined(self._lacking(), translated(loaded.limits), shrunk)
        ready = say("{name} is ready", name=model_name(self._settings))
        ready = say("{ready}. {limits}", ready=ready, limits=limits) if limits else ready
        return f'<p class="model ready" role="status"><i></i>{escape(ready)}</p>'

    def _lacking(self) -> str:
        """Why a smaller model talks than the best of those that are embedded."""
        best = embedded()
        if not best.lacking or Path(self._settings.model) != best.folder:
            return ""
        lacking, install = translated(best.lacking), INSTALL
        return say(
            "It knows the drawn films only: {name} lacks {lacking} ({install}).",
            name=BEST.name, lacking=lacking, install=install,
        )  # fmt: skip

    def _load(self) -> None:
        try:
            with ONE_AFTER_THE_OTHER:
                # Imported here: torch takes seconds, and the page need not wait for it. The chat room too, so that
                # nobody imports it while the next model loads.
                import llamavid_demo.chat  # noqa: F401
                from llamavid_demo.model.load import load_chosen_model

                if self._replicas:
                    self._replicas.start()
                    loaded = self._replicas.outline(model_name(self._settings))
                else:
                    loaded = load_chosen_model(self._settings)
        except DemoError as error:
            log.error("the model could not be loaded: %s", error)
            self._loaded.set_exception(error)
        except Exception:
            log.exception("the model could not be loaded")
            self._loaded.set_exception(ModelError(FAILED))
        else:
            self._loaded.set_result(loaded)


def _told(error: BaseException) -> str:
    """Why a model did not load, for a visitor; what only an owner can mend is told in English, and in the log."""
    words = translated(str(error))
    return words if language() == "en" or words != str(error) else translated(FAILED)
