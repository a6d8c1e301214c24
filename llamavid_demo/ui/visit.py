"""One open page as the server knows it: what it shows, and the question and the film that are under way."""

import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llamavid_demo.film import Movie
from llamavid_demo.film.search import DialogueIndex
from llamavid_demo.options import Options
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import KeptTurn
from llamavid_demo.ui.subtitled import Subtitled

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn
    from llamavid_demo.chat.dialogue import Dialogue


@dataclass
class Asked:
    """A question: it waits for its handler, and once it has `begun` it is being answered.

    `again` asks the last one anew; `place` is that of the turn that it stands in for, None where it follows them all.
    `options` are what its visitor chose. It was asked `at` a second of `time.perf_counter`. `turn` is
    there as soon as a model was asked.
    """

    question: str
    slug: str
    section: int
    again: bool = False
    place: int | None = None
    options: Options = Options()  # noqa: RUF009 - it is frozen
    begun: bool = False
    at: float = field(default_factory=time.perf_counter, compare=False)
    stopping: threading.Event = field(default_factory=threading.Event, compare=False)
    turn: "Turn | None" = field(default=None, compare=False)

    def answered_by(self, turn: "Turn") -> None:
        """The model was asked: from here on stopping ends the turn."""
        self.turn = turn
        if self.stopping.is_set():
            turn.stop()

    def stop(self) -> None:
        """End it at whatever stage it is; never waits."""
        self.stopping.set()
        if self.turn:
            self.turn.stop()


@dataclass
class Conversation:
    """A chat about one section, and the name of the model that it is with.

    `heat_maps` lie over its evidence, by `Turn` and second. The chat knows the open branch, `settled` all branches as
    they were when the last turn ended.
    """

    chat: "Dialogue"
    model: str = ""
    heat_maps: dict[object, dict[float, str]] = field(default_factory=dict)
    settled: "Branches[Turn]" = field(default_factory=Branches)

    @property
    def branches(self) -> "Branches[Turn]":
        """The conversation as it stands, a turn that is being written included."""
        return self.settled.following(self.chat.turns)

    def settle(self) -> None:
        """A turn has ended, or was undone."""
        self.settled = self.branches

    def show(self, branches: "Branches[Turn]") -> None:
        """Go on with these branches and the one that is open there."""
        self.settled, self.chat.turns = branches, list(branches.turns)


@dataclass(eq=False)
class Brought:
    """A film on its way to the wall: `movie` when it was opened, `conversation` when the model has watched it.

    It is made of the files `video` and `subtitles`; the video comes from `source` if an address or a path was pasted.
    `running` says whether a handler is at it.
    """

    video: Path | None = None
    subtitles: Path | None = None
    source: str = ""
    movie: Movie | None = None
    conversation: Conversation | None = None
    running: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(eq=False)
class WaitingPlayer:
    """A player that is empty until a copy of its film is made; `served` when the page has it, or knows why not.

    `follower` is who tells the page how far the copy has come.
    """

    slug: str
    served: bool = False
    follower: object = None


@dataclass(eq=False)
class Visit:
    """One open page: what it shows, its own films, the question and the film that are under way.

    A handler goes on showing things as long as its question, or its film, is still the visit's. `follower` is who tells
    the page how far reading ahead has come, `waiting` is its player while that has no film. `kept` holds what the
    browser kept, by model, film and section, `resting` the chats of these that had read it before the page was opened
    anew. `dialogue` finds what is said in its own films, `posters` are pictures of
    them as `data:` addresses, `boxes` the files in the boxes for video and subtitles, `pasted` source and folder of a
    film that arrives. `subtitled` are films of any kind whose subtitles were changed, `panel_open` says whether the
    panel for that is. `press_lock` is held by a press that turns to something else, and by a question: who presses a
    section and asks at once, asks about that section. `pressed` is the page's number of the last press that was heard:
    see pressing.py. `arrived` says that the page has told what its browser keeps; to a server that was started anew an
    open page has not. With its `ticket` a page that is reloaded takes this visit over.
    """

    showing: tuple[str, int] | None = None
    own: dict[str, Movie] = field(default_factory=dict)
    posters: dict[str, str] = field(default_factory=dict)
    boxes: tuple[Path | None, Path | None] = (None, None)
    pasted: tuple[str, Path] | None = None
    brought: int = 0
    asked: Asked | None = None
    bringing: Brought | None = None
    follower: object = None
    kept: dict[tuple[str, str, int], Branches[KeptTurn]] = field(default_factory=dict)
    resting: dict[tuple[str, str, int], Conversation] = field(default_factory=dict)
    waiting: WaitingPlayer | None = None
    dialogue: DialogueIndex | None = None
    subtitled: dict[str, Subtitled] = field(default_factory=dict)
    panel_open: bool = False
    pressed: int = 0
    arrived: bool = False
    ticket: str = field(default_factory=secrets.token_urlsafe)
    press_lock: "threading.RLock" = field(default_factory=threading.RLock)

    @property
    def busy(self) -> bool:
        """Whether a question waits or is answered, or a film is brought."""
        return bool(self.asked or self.bringing)

    def leave(self) -> None:
        """Turn to something else: what is under way is stopped and shows nothing more. Waits for nothing."""
        if self.asked:
            self.asked.stop()
        if self.bringing:
            self.bringing.stopping.set()
        self.asked = self.bringing = self.follower = None

    def take_over(self, left: "Visit") -> None:
        """Have what a visit had whose page was opened anew as this one: films, their subtitles, chats that rest."""
        self.own, self.posters, self.brought = left.own, left.posters, left.brought
        self.dialogue, self.subtitled = left.dialogue, left.subtitled
        self.resting = {**left.resting, **self.resting}

    def break_off(self) -> Asked | None:
        """Abandon the question that waits or is being answered, and give it; a film that is being brought goes on."""
        broken_off = self.asked
        if broken_off:
            self.leave()
        return broken_off
