"""Another model to talk with: the film goes on, a new conversation begins, the model loads meanwhile."""

from collections.abc import AsyncGenerator

from llamavid_demo.ui.browser import message
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.language import joined, say
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.screening import Parts, Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.steering import fitting
from llamavid_demo.ui.talk import notice
from llamavid_demo.ui.visit import Conversation


class Choosing:
    """The handlers of the picker; `key` is the page's session key throughout."""

    def __init__(self, sessions: Sessions, models: Models, screening: Screening, talking: Talking) -> None:
        self._sessions = sessions
        self._models = models
        self._screening = screening
        self._talking = talking

    def choose(self, key: str, name: str, slug: str, section: int) -> Parts:
        """Turn to another model. An answer under way is stopped; its question is offered to the box.

        A conversation waits for its model, as it does for its film: who switches back finds it. Gradio tells of one
        choice twice, when it is made and when the list closes: the second time nothing happens. Raises `ModelError`
        for a name that is not on offer.
        """
        model = self._models[name]
        visit = self._sessions.visit(key)
        with visit.press_lock:
            before = self._sessions.model(key)
            if name == before:
                return {}
            slug, section = visit.showing or (slug, section)
            left = self._sessions.conversation(key, slug, section)
            broken_off = visit.break_off()
            words = _broken_off(before, left) if broken_off else ""
            self._sessions.choose(key, name)
            visit.follower = None  # nothing more is read ahead with the model before
        movie = self._sessions.movie(key, slug)
        words = joined(_greeting(name, again=bool(self._sessions.turns(key, slug, section))), words)
        return {
            "model": model.state(),
            "cost": self._screening.cost(key, movie, section),
            "alert": notice(words),
            **self._talking.resting(),
            **self._talking.view.parts(key, movie, section),
            "browser": message(asked="", back=broken_off.question if broken_off else "", model=name),
        }

    async def follow(self, key: str) -> AsyncGenerator[Parts, None]:
        """How it stands with the visitor's model, now and when it is there or has failed."""
        model = self._models[self._sessions.model(key)]
        yield {"model": model.state()}
        await model.arrival()
        # Somebody may have turned to another one meanwhile.
        now = self._models[self._sessions.model(key)]
        yield {"model": now.state(), **fitting(now.ready), **self._talking.view.welcome(key)}


def _greeting(name: str, *, again: bool) -> str:
    if again:
        return say("You now talk with {name} again; your conversation goes on.", name=name)
    return say("You now talk with {name}; this is a new conversation.", name=name)


def _broken_off(name: str, conversation: Conversation | None) -> str:
    if conversation and any(turn.finished is None and turn.text for turn in conversation.chat.turns):
        return say("{name} was stopped; switch back to read what it wrote.", name=name)
    return say("{name} was stopped before its answer began.", name=name)
