"""Handlers of the conversation: ask, stop, retry, undo. They hold no tensors and compute nothing.

A question goes through three steps: `begin` shows it at once, `answer` waits for its turn at the model and
streams, `illustrate` adds the pictures to the evidence when the model is free for others again.
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.evidence import evidence_strip
from llamavid_demo.ui.heat import veil
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sessions import Asked, Conversation, Relay, Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.talk import alert, finished_turn, invitation, notice, progress_bar, unfinished_turn
from llamavid_demo.ui.work import Stopped, Work

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn

log = logging.getLogger(__name__)
Parts = dict[str, Any]

BROKEN = "Something went wrong while answering; the server's log says what. Your conversation is kept: try again."
BUSY = "An answer is still being written: wait for it, or stop it first."
EMPTY = "There is no question yet: write one, or press a suggested one."
STOPPED_EARLY = "Stopped before the answer began."


class Talking:
    """The handlers; `key` is the page's session key throughout."""

    def __init__(self, settings: Settings, sessions: Sessions, models: Models, stills: Stills) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._stills = stills

    def parts(self, key: str, movie: Movie, section: int) -> Parts:
        """The conversation as it stands, with the pictures that are known."""
        conversation = self._sessions.conversation(key, movie.slug, section)
        articles = self._articles(conversation, movie, again=True)
        if not articles:
            return {"past": "", "current": invitation(movie.title)}
        return {"past": "".join(articles[:-1]), "current": articles[-1]}

    def begin(self, key: str, question: str, slug: str, section: int) -> Parts:
        """Show the question and take it; `answer` follows."""
        if not question.strip():
            return {"alert": alert(EMPTY)}
        return self._take(key, Asked(question.strip(), slug, section))

    def begin_again(self, key: str, slug: str, section: int) -> Parts:
        """Take the last question once more; its answer goes when the new one comes."""
        conversation = self._sessions.conversation(key, slug, section)
        if not conversation or not conversation.chat.turns:
            return {"alert": alert(EMPTY)}
        return self._take(key, Asked(conversation.chat.turns[-1].question, slug, section, again=True))

    def _take(self, key: str, asked: Asked) -> Parts:
        visit = self._sessions.visit(key)
        here = asked.slug, asked.section
        if visit.showing not in (None, here):
            return {}  # pressed while another film or section was on its way to the page
        if visit.busy:
            return {"alert": alert(BUSY)}
        movie = self._sessions.movie(key, asked.slug)
        visit.asked = asked
        visit.showing = here  # a visit may be new: connections break, pages stay
        conversation = self._sessions.conversation(key, asked.slug, asked.section)
        articles = self._articles(conversation, movie)
        return {
            "past": "".join(articles[:-1] if asked.again else articles),
            "current": unfinished_turn(asked.question),
            "activity": progress_bar(None, "Waiting for the model…"),
            "alert": "",
            "ask": gr.Button(visible=False),
            "stop": gr.Button(visible=True),
            **({} if asked.again else {"question": ""}),
        }

    def answer(self, key: str) -> Iterator[Parts]:
        """Answer the question that `begin` took, if it still stands; runs under the model's one queue."""
        visit = self._sessions.visit(key)
        asked = visit.asked
        if asked is None:
            return
        turns: list[Turn] = []
        work = visit.start(lambda work: self._work(work, key, asked, turns))
        visit.asked, visit.answering = None, asked
        trouble = ""
        try:
            for told in work.batches():
                if not work.abandoned:
                    yield self._under_way(asked, turns, told)
        except Stopped:
            trouble = STOPPED_EARLY
        except DemoError as error:
            trouble = str(error)
        except Exception:
            log.exception("an answer failed")
            trouble = BROKEN
        finally:
            if not work.abandoned:
                visit.answering = None
        if work.abandoned:
            return
        movie = self._sessions.movie(key, asked.slug)
        words = notice(trouble) if trouble == STOPPED_EARLY else alert(trouble)
        parts = {**self.parts(key, movie, asked.section), **self.resting(), "alert": words}
        if trouble and not asked.again:
            parts["question"] = asked.question
        yield parts

    def _work(self, work: Work, key: str, asked: Asked, turns: list["Turn"]) -> None:
        conversation = self._conversation(work, key, asked)
        chat = conversation.chat
        conversation.relay.work = work
        chosen = {"max_new_tokens": self._settings.max_new_tokens}
        turn = chat.retry(**chosen) if asked.again else chat.ask(asked.question, **chosen)
        work.on_stop(turn.stop)
        turns.append(turn)
        for piece in turn:
            work.say(piece)

    def _conversation(self, work: Work, key: str, asked: Asked) -> Conversation:
        known = self._sessions.conversation(key, asked.slug, asked.section)
        if known:
            return known
        relay = Relay(work)
        model = self._sessions.model(key)
        movie = self._sessions.movie(key, asked.slug)
        chat = self._models[model].chat(movie, asked.section, check=work.check, progress=relay)
        conversation = Conversation(chat, relay, model)
        self._sessions.remember(key, asked.slug, asked.section, conversation)
        return conversation

    def _under_way(self, asked: Asked, turns: list["Turn"], told: list[Any]) -> Parts:
        if turns and turns[0].text:
            return {"current": unfinished_turn(asked.question, turns[0].text), "activity": ""}
        progress = [what for what in told if not isinstance(what, str)]
        return {"activity": progress_bar(progress[-1])} if progress else {}

    def illustrate(self, key: str, slug: str, section: int) -> Parts:
        """Add pictures to the evidence and where the model looked, unless the visitor has moved on meanwhile.

        It asks of the model only what made the context tokens: the answers of others go on.
        """
        movie = self._sessions.movie(key, slug)
        conversation = self._sessions.conversation(key, slug, section)
        if conversation:
            turns = list(conversation.chat.turns)
            for turn in turns:
                self._stills.at(movie, [moment.seconds for moment in turn.evidence])
            known = conversation.veils
            conversation.veils = {turn: known.get(turn) or self._veils(conversation, movie, turn) for turn in turns}
        # Drawing takes a while, in which anything may have been asked: look at the conversation only now.
        visit = self._sessions.visit(key)
        return {} if visit.busy or visit.showing != (slug, section) else self.parts(key, movie, section)

    @staticmethod
    def _veils(conversation: Conversation, movie: Movie, turn: "Turn") -> dict[float, str]:
        chat = conversation.chat
        cropped = chat.model.frame_format.fit == "crop"
        seconds = [moment.seconds for moment in turn.evidence]
        try:
            return {second: veil(chat.heat_map(second, turn), movie, cropped=cropped) for second in seconds}
        except DemoError:  # undone meanwhile
            return {}

    def stop(self, key: str, slug: str, section: int) -> Parts:
        """Stop reading or answering; what was written so far stays."""
        visit = self._sessions.visit(key)
        if visit.asked:  # still waiting for the model: nothing runs that could tidy up
            question, visit.asked = visit.asked, None
            movie = self._sessions.movie(key, slug)
            words = {} if question.again else {"question": question.question}
            return {**self.parts(key, movie, section), **self.resting(), **words, "alert": notice(STOPPED_EARLY)}
        visit.stop()
        return {}

    def undo(self, key: str, slug: str, section: int) -> Parts:
        """Forget the last turn and put its question back into the box, to be changed."""
        if self._sessions.visit(key).busy:
            return {"alert": alert(BUSY)}
        conversation = self._sessions.conversation(key, slug, section)
        if not conversation or not conversation.chat.turns:
            return {}
        question = conversation.chat.turns[-1].question
        conversation.chat.undo()
        movie = self._sessions.movie(key, slug)
        return {**self.parts(key, movie, section), "question": question, "alert": ""}

    @staticmethod
    def resting() -> Parts:
        """The controls while nothing is being answered."""
        return {"activity": "", "ask": gr.Button(visible=True), "stop": gr.Button(visible=False)}

    def _articles(self, conversation: Conversation | None, movie: Movie, *, again: bool = False) -> list[str]:
        turns = list(conversation.chat.turns) if conversation else []
        articles = []
        for number, turn in enumerate(turns, start=1):
            pictures = self._stills.known(movie, [moment.seconds for moment in turn.evidence])
            veils = conversation.veils.get(turn) if conversation else None
            strip = evidence_strip(turn.evidence, pictures, veils)
            articles.append(finished_turn(turn, strip, last=again and number == len(turns)))
        return articles
