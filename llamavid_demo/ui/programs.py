"""What programs may do: list the films, and ask about one. Gradio's endpoints, MCP and the OpenAI API all call this.

Docstrings and parameters stand in their documentation. Whatever comes in is checked before anything is computed.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

import anyio
from anyio.to_thread import run_sync

from llamavid_demo.errors import BusyError
from llamavid_demo.film import Movie
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from llamavid_demo.ui import api_checks as checks
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.pace import Pace
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.suggesting import suggested

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress
    from llamavid_demo.chat.dialogue import Dialogue

BROKEN = "Something went wrong; the server's log says what. Try again."
CONVERSATIONS = 16  # that are kept for their next question
Reports = Generator[dict[str, Any], None, None]
Part = int | Literal["all"]
Key = tuple[str, str, Part, tuple[tuple[str, str], ...]]


class Programs:
    """Films that can be asked about (the bundled ones), and answers as plain data.

    As many may ask as the settings let ask and wait: the next one hears `BusyError`.
    """

    def __init__(self, settings: Settings, sessions: Sessions, models: Models) -> None:
        self.settings, self.models = settings, models
        self.movies = sessions.bundled
        most = settings.answers_at_once + settings.queue_length
        self._places = threading.BoundedSemaphore(most)
        self._threads = anyio.CapacityLimiter(most)  # of callers that are served without Gradio's queue
        self._kept = Kept()
        self.pace = Pace(settings.questions_an_hour)  # the page's questions count too

    def films(self) -> list[dict[str, Any]]:
        """List the films that can be asked about.

        Returns:
            One object a film: `slug` (what `ask` calls `movie`), `title`, `synopsis`, `seconds` (its length) and
            `sections` (`start` and `end` of each in seconds, its `synopsis`, and `questions` that fit it; `ask` takes
            its number, from 0).

        """
        return [
            {
                "slug": movie.slug,
                "title": movie.title,
                "synopsis": movie.synopsis,
                "seconds": movie.duration,
                "sections": [
                    {
                        "start": section.start,
                        "end": section.end,
                        "synopsis": section.synopsis,
                        "questions": list(suggested(movie, section.index)),
                    }
                    for section in movie.sections
                ],
            }
            for movie in self.movies.values()
        ]

    def ask(
        self,
        movie: str,
        section: int | str,
        question: str,
        history: list[list[str]] | None = None,
        model: str = "",
        temperature: float = 0.0,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
        until: float | None = None,
        guide: str | None = None,
        reads: str = "both",
        style: str = "any",
        repetition_penalty: float = 1.0,
    ) -> Reports:
        """Ask about a section of a film. Whoever streams sees the answer grow; the last report is the whole one.

        A wrong argument is refused at once, in one sentence that says what would be right.

        Args:
            movie: The film's `slug`, as `films` lists it.
            section: Number of the section, from 0; or "all" for the whole film, where the model can hold it.
            question: What you want to know.
            history: Earlier turns of the conversation as [question, answer] pairs; none when left out.
            model: Name of a model that the page offers; its first one when empty.
            temperature: From 0, which gives the most likely answer, to 2. The originals: LLaMA-VID 0.5 in its demo and 0.2 on its command line, LLaVA-Mini 0.
            top_p: From 0.01 to 1: samples from the likeliest words that together have this probability. LLaMA-VID's demo: 0.7.
            max_new_tokens: Longest answer in tokens; the server's own limit when left out. The originals: 512.
            until: No spoilers: the answer knows only what comes before this second of the film.
            guide: Question that context tokens are built from: ahead, first or every; the model's own when left out.
            reads: What the model may use: both, frames or subtitles.
            style: any as the model likes, short or long.
            repetition_penalty: From 1, none, to 2: makes words less likely that the answer has already. The originals: none.

        Returns:
            `answer`, `evidence` (a list of `seconds`, `weight`, `cue`), `stats`, `finished`, `model`, `section` (start
            and end in seconds), `until`: what `ask --json` prints.

        """  # noqa: E501 - Gradio and MCP read one line a parameter
        film = checks.film_named(movie, self.movies)
        part = checks.section_of(section, film)
        asked = checks.question_text(question, self.settings)
        earlier = checks.earlier_turns(history, self.settings)
        name = checks.model_named(model, self.models.names)
        sent = {
            "temperature": temperature, "top_p": top_p, "max_new_tokens": max_new_tokens, "until": until,
            "guide": guide, "reads": reads, "style": style, "repetition_penalty": repetition_penalty,
        }  # fmt: skip
        options = checks.options_of(sent, film, self.settings)
        return self._reports(name, film, part, earlier, asked, options)

    async def reports(self, **arguments: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The same, for callers in an event loop. Closing it, or cancelling whoever iterates, stops the answer."""
        asking = self.ask(**arguments)
        model = checks.model_named(arguments.get("model"), self.models.names)
        await self.models[model].arrival()  # without a thread
        try:
            while report := await run_sync(next, asking, None, limiter=self._threads):
                yield report
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(asking.close, limiter=self._threads)

    def _reports(
        self, model: str, film: Movie, section: Part, earlier: list[tuple[str, str]], question: str,
        options: Options,
    ) -> Reports:  # fmt: skip
        asked_at = time.perf_counter()
        if not self._places.acquire(blocking=False):
            raise BusyError("As many questions as this server takes are being answered or wait: try again in a moment.")
        try:
            chat = yield from self._conversation(model, film, section, earlier)
            with closing(_answer(chat, question, options, asked_at=asked_at)) as answer:
                for report in answer:
                    yield {**report, "model": model}
            said = *earlier, (question, chat.turns[-1].text)
            self._kept.put((model, film.slug, section, said), chat)
        finally:
            self._places.release()

    def _conversation(
        self, model: str, film: Movie, section: Part, earlier: list[tuple[str, str]]
    ) -> "Generator[dict[str, Any], None, Dialogue]":
        """The conversation that these earlier turns come from, or a new one; its film is read, or in the cache."""
        if earlier and (kept := self._kept.take((model, film.slug, section, tuple(earlier)))):
            return kept
        part = film.whole if section == "all" else film.sections[section]
        reading = self.models[model].chat(film, section, threading.Event(), history=earlier)
        return (yield from _unanswered(reading, {"model": model, "section": [part.start, part.end]}))


class Kept:
    """Conversations between two questions, by model, film, section and all that was said; the oldest leave first.

    Whoever takes one has it alone, and puts it back under what was said then.
    """

    def __init__(self) -> None:
        self._chats: OrderedDict[Key, Dialogue] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Key) -> "Dialogue | None":
        """The conversation in which this was said, if it is still here."""
        with self._lock:
            return self._chats.pop(key, None)

    def put(self, key: Key, chat: "Dialogue") -> None:
        """Keep a conversation for its next question."""
        with self._lock:
            self._chats[key] = chat
            self._chats.move_to_end(key)
            while len(self._chats) > CONVERSATIONS:
                self._chats.popitem(last=False)


def _answer(chat: "Dialogue", question: str, options: Options, *, asked_at: float) -> Reports:
    """A report at each step of the answer, and the whole one."""
    turn = chat.ask(question, options=options)
    turn.asked_at = asked_at
    try:
        for _ in turn.events():
            yield chat.report(turn)
    finally:
        turn.stop()
    yield chat.report(turn)


def _unanswered(
    reading: "Generator[Progress, None, Dialogue | None]", about: dict[str, Any]
) -> "Generator[dict[str, Any], None, Dialogue]":
    """A report without an answer at each step of reading; the value is the conversation."""
    empty = {"answer": "", "evidence": [], "stats": None, "finished": None, "until": None, **about}
    with closing(reading):
        while True:
            try:
                next(reading)
            except StopIteration as read:
                chat: Dialogue = read.value  # nobody stops it but by closing
                return chat
            yield empty
