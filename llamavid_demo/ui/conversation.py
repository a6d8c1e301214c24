"""Handlers of the conversation: ask, stop, retry, edit, undo. They hold no tensors and compute nothing.

A question goes through three steps: `begin` shows it at once, `answer` streams, `TalkView.illustrate` adds the pictures
to the evidence. The handlers start no thread: who iterates `answer` waits for the model's scheduler.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.browser import message
from llamavid_demo.ui.kept import KeptTalk, KeptTurn, kept_talk, revived
from llamavid_demo.ui.language import say
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.steering import UNSTEERED, options
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.talk import alert, notice, progress_bar, unfinished_turn
from llamavid_demo.ui.talk_view import TalkView
from llamavid_demo.ui.visit import Asked, Conversation

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress

log = logging.getLogger(__name__)
Parts = dict[str, Any]

BROKEN = "Something went wrong while answering; the server's log says what. Your conversation is kept: try again."
BUSY = "An answer is still being written: wait for it, or stop it first."
LEFT = "That belonged to the section that you have left: choose among what is here now."
EMPTY = "There is no question yet: write one, or press a suggested one."
STOPPED_EARLY = "Stopped before the answer began."


def never_begun(movie: Movie, question: str) -> str:
    """What is said of a question whose section was left before its answer began."""
    return f"{say('Your question about {title} was stopped before its answer began:', title=movie.title)} {question}"


class Talking:
    """The handlers; `key` is the page's session key throughout."""

    def __init__(self, settings: Settings, sessions: Sessions, models: Models, stills: Stills) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self.view = TalkView(settings, sessions, models, stills)

    def begin(self, key: str, question: str, slug: str, section: int, steered: str = UNSTEERED) -> Parts:
        """Show the question and take it; `answer` follows. Raises `QuestionError` for settings that are none.

        It is about what was opened last, which may still be on its way to the page.
        """
        if not question.strip():
            return {"alert": alert(EMPTY)}
        visit = self._sessions.visit(key)
        with visit.press_lock:
            slug, section = visit.showing or (slug, section)
            return self._take(key, Asked(question.strip(), slug, section, options=options(steered, self._settings)))

    def begin_edited(
        self, key: str, place: object, question: str, slug: str, section: int, steered: str = UNSTEERED
    ) -> Parts:
        """Take a question that stands in for that of the turn at `place`, which stays on a branch of its own.

        Raises `QuestionError` for settings that are none.
        """
        turns = self._sessions.turns(key, slug, section)
        if not isinstance(place, int) or not 0 <= place < len(turns):
            return {}  # undone meanwhile
        if not question.strip():
            return {"alert": alert(EMPTY)}
        chosen = options(steered, self._settings)
        return self._take(key, Asked(question.strip(), slug, section, place=place, options=chosen))

    def begin_again(self, key: str, slug: str, section: int, steered: str = UNSTEERED) -> Parts:
        """Take the last question once more; its answer stays on a branch of its own. Raises `QuestionError`."""
        turns = self._sessions.turns(key, slug, section)
        if not turns:
            return {"alert": alert(EMPTY)}
        chosen = options(steered, self._settings)
        asked = Asked(turns[-1].question, slug, section, again=True, place=len(turns) - 1, options=chosen)
        return self._take(key, asked)

    def _take(self, key: str, asked: Asked) -> Parts:
        visit = self._sessions.visit(key)
        here = asked.slug, asked.section
        with visit.press_lock:  # of two presses at once the second finds the first
            if visit.showing not in (None, here):
                return {"alert": notice(LEFT)}  # another film or section is on its way to the page
            if visit.busy:
                return {"alert": alert(BUSY)}
            movie = self._sessions.movie(key, asked.slug)
            visit.asked = asked
            visit.showing = here  # a visit may be new: connections break, pages stay
        articles = self.view.articles(key, movie, asked.section)
        return {
            "past": "".join(articles[: asked.place]),
            "current": unfinished_turn(asked.question),
            "activity": progress_bar(None, "Waiting for the model…"),
            "alert": "",
            "ask": gr.Button(visible=False),
            "stop": gr.Button(visible=True),
            "browser": message(asked=asked.question),
        }

    def answer(self, key: str) -> Generator[Parts, None, None]:
        """Answer the question that `begin` took, if it still stands. Closing it stops the answer."""
        visit = self._sessions.visit(key)
        asked = visit.asked
        if asked is None or asked.begun:
            return
        asked.begun = True
        trouble = ""
        try:
            with closing(self._told(key, asked)) as told:
                for what in told:
                    if visit.asked is asked:
                        yield self._under_way(asked, what)
            if asked.stopping.is_set() and not (asked.turn and asked.turn.text):
                trouble = STOPPED_EARLY
        except DemoError as error:
            trouble = str(error)
        except Exception:
            log.exception("an answer failed")
            trouble = BROKEN
        finally:
            asked.stop()
            left = visit.asked is not asked
            if not left:
                visit.asked = None
        if left:
            return
        movie = self._sessions.movie(key, asked.slug)
        yield {
            **self.view.parts(key, movie, asked.section), **self.resting(),
            "alert": notice(trouble) if trouble == STOPPED_EARLY else alert(trouble),
            "browser": message(
                talks=self.kept(key, asked.slug, asked.section), asked="",
                back=asked.question if trouble and not asked.again else "",
            ),
        }  # fmt: skip

    def _told(self, key: str, asked: Asked) -> "Generator[Progress | list[Progress | str], None, None]":
        """What happens on the way to an answer and while it is written."""
        conversation = yield from self._conversation(key, asked)
        if conversation is None:
            return
        chat = conversation.chat
        before = chat.turns
        if asked.again:
            turn = chat.retry(options=asked.options)
        else:
            turn = chat.ask(asked.question, options=asked.options, after=asked.place)
        turn.asked_at = asked.at
        asked.answered_by(turn)
        try:
            yield from turn.events()
        finally:
            if turn.finished == "stopped" and not turn.text:
                chat.turns = before  # as if nobody had asked
            conversation.settle()

    def _conversation(self, key: str, asked: Asked) -> "Generator[Progress, None, Conversation | None]":
        known = self._sessions.conversation(key, asked.slug, asked.section)
        if known:
            return known
        model, movie = self._sessions.model(key), self._sessions.movie(key, asked.slug)
        conversation = self._sessions.visit(key).resting.pop((model, asked.slug, asked.section), None)
        if conversation is None or conversation.chat.busy:
            chat = yield from self._models[model].chat(movie, asked.section, asked.stopping)
            if chat is None:
                return None
            conversation = Conversation(chat, model)
        branches = self._sessions.branches(key, asked.slug, asked.section)
        conversation.show(branches.map(lambda turn: revived(turn) if isinstance(turn, KeptTurn) else turn))
        self._sessions.remember(key, asked.slug, asked.section, conversation)
        return conversation

    def _under_way(self, asked: Asked, told: "Progress | list[Progress | str]") -> Parts:
        if asked.turn and asked.turn.text:
            return {"current": unfinished_turn(asked.question, asked.turn.text), "activity": ""}
        steps = told if isinstance(told, list) else [told]
        progress = [step for step in steps if not isinstance(step, str)]
        return {"activity": progress_bar(progress[-1])} if progress else {}

    def stop(self, key: str, slug: str, section: int) -> Parts:
        """Stop reading or answering; what was written so far stays."""
        visit = self._sessions.visit(key)
        asked = visit.asked
        if asked is None:
            return {}
        asked.stop()
        if asked.begun:
            return {}
        visit.asked = None  # no handler has it that could tidy up
        movie = self._sessions.movie(key, slug)
        words = message(asked="", back="" if asked.again else asked.question)
        return {
            **self.view.parts(key, movie, section), **self.resting(), "browser": words, "alert": notice(STOPPED_EARLY),
        }  # fmt: skip

    def break_off(self, key: str) -> Parts:
        """Stop what is under way because the visitor turns to something else, and say what becomes of it."""
        visit = self._sessions.visit(key)
        asked = visit.asked
        visit.leave()
        if asked is None:
            return {"alert": ""}
        movie = self._sessions.movie(key, asked.slug)
        words = never_begun(movie, asked.question)
        if asked.turn and asked.turn.text:
            words = say(
                "The answer about {title} was stopped; go back there to read what was written.", title=movie.title
            )
        return {"alert": notice(words), "browser": message(talks=self.kept(key, asked.slug, asked.section), asked="")}

    def kept(self, key: str, slug: str, section: int) -> list[KeptTalk]:
        """A conversation for the browser to keep; of a visitor's own film nothing."""
        if slug not in self._sessions.bundled:
            return []
        return [kept_talk(self._sessions.model(key), slug, section, self._sessions.branches(key, slug, section))]

    def turn_to(self, key: str, place: object, number: object, slug: str, section: int) -> Parts:
        """Open the branch on which turn `number` of those at `place` stands."""
        if self._sessions.visit(key).busy:
            return {"alert": alert(BUSY)}
        if isinstance(place, int) and isinstance(number, int):
            self._sessions.turn_to(key, slug, section, place, number)
        return self._shown(key, slug, section)

    def begin_conversation(self, key: str, slug: str, section: int) -> Parts:
        """Begin a conversation about the section anew; the one that was stays on a branch of its own."""
        if self._sessions.visit(key).busy:
            return {"alert": alert(BUSY)}
        if not self._sessions.turns(key, slug, section):
            return {"alert": alert(EMPTY)}
        self._sessions.begin_conversation(key, slug, section)
        return self._shown(key, slug, section)

    def undo(self, key: str, slug: str, section: int) -> Parts:
        """Forget the last turn and put its question back into the box, to be changed."""
        if self._sessions.visit(key).busy:
            return {"alert": alert(BUSY)}
        question = self._sessions.undo(key, slug, section)
        if question is None:
            return {}
        return self._shown(key, slug, section, back=question)

    def _shown(self, key: str, slug: str, section: int, *, back: str = "") -> Parts:
        """The conversation as it has become; the question `back` goes into the box again."""
        words = message(talks=self.kept(key, slug, section), back=back)
        return {**self.view.parts(key, self._sessions.movie(key, slug), section), "browser": words, "alert": ""}

    @staticmethod
    def resting() -> Parts:
        """The controls while nothing is being answered."""
        return {"activity": "", "ask": gr.Button(visible=True), "stop": gr.Button(visible=False)}
