"""What the server remembers of its visitors: their own films, their conversations, the work under way.

The page holds keys only. All stores are bounded; whoever was away longest is forgotten first.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from llamavid_demo.errors import GONE, MovieError
from llamavid_demo.film import Movie
from llamavid_demo.ui.branches import Branches
from llamavid_demo.ui.kept import KeptTurn, kept_talk
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.subtitled import Subtitled
from llamavid_demo.ui.uploads import Uploads
from llamavid_demo.ui.visit import Conversation, Visit

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn

VISITS = 200
CONVERSATIONS = 32
LINGER = 30.0  # seconds in which a page that was reloaded, or lost its connection, comes back for what it had


class Sessions:
    """Visits and their choice of a model by the page's session key, conversations by (session, model, film, section).

    A choice outlives its visit: when the connection broke, the page stays open and shows it.
    """

    def __init__(
        self,
        movies: Sequence[Movie],
        *,
        model: str = "",
        uploads: Uploads | None = None,
        stills: Stills | None = None,
        visits: int = VISITS,
        conversations: int = CONVERSATIONS,
        linger: float | None = None,
    ) -> None:
        """`model` is the name of the model that a visit talks with before it chose one.

        `uploads` knows the files of visits, `stills` pictures of them. `linger`: seconds until a visit that was left is
        forgotten, `LINGER` unless given.
        """
        self._model = model
        self._uploads = uploads
        self._stills = stills
        self.bundled = {movie.slug: movie for movie in movies}
        self._most_visits = visits
        self._most_conversations = conversations
        self._linger = LINGER if linger is None else linger
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._chosen: OrderedDict[str, str] = OrderedDict()
        self._conversations: OrderedDict[tuple[str, str, str, int], Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def visit(self, key: str) -> Visit:
        """The visit of that key; a new one where there is none."""
        with self._lock:
            visit = self._visits.setdefault(key, Visit())
            self._visits.move_to_end(key)
            gone = list(self._visits)[: max(0, len(self._visits) - self._most_visits)]
        for old in gone:
            self.forget(old)
        return visit

    def model(self, key: str) -> str:
        """Name of the model that this visitor talks with."""
        return self._chosen.get(key, self._model)

    def choose(self, key: str, model: str) -> None:
        """Let this visitor talk with another model; conversations with the one before are kept."""
        with self._lock:
            self._chosen[key] = model
            self._chosen.move_to_end(key)
            while len(self._chosen) > self._most_visits:
                self._chosen.popitem(last=False)

    def movies(self, key: str) -> list[Movie]:
        """The films on that visitor's wall."""
        return [self.movie(key, slug) for slug in (*self.bundled, *self.visit(key).own)]

    def movie(self, key: str, slug: str) -> Movie:
        """One film of that visitor's wall, with the subtitles that the visitor gave it.

        Raises `MovieError` when it is not there (any more).
        """
        visit = self.visit(key)
        return visit.subtitled[slug].movie if slug in visit.subtitled else self.original(key, slug)

    def original(self, key: str, slug: str) -> Movie:
        """The same film with the subtitles that it came with. Raises `MovieError`."""
        movie = self.bundled.get(slug) or self.visit(key).own.get(slug)
        if movie is None:
            raise MovieError(GONE)
        return movie

    def subtitled(self, key: str, slug: str) -> Subtitled:
        """What the visitor made of that film's subtitles, to be changed. Raises `MovieError`."""
        movie, visit = self.original(key, slug), self.visit(key)
        with self._lock:  # two steps may be the first
            if slug not in visit.subtitled:
                folder = self._uploads.room(visit, f"{slug}/subtitles") if self._uploads else None
                visit.subtitled[slug] = Subtitled(movie, movie.subtitles, folder)
            return visit.subtitled[slug]

    def begin_anew(self, key: str, slug: str) -> None:
        """The film's subtitles have changed: conversations about it go on with a model that reads them."""
        visit = self.visit(key)
        with self._lock:
            for owned in [kept for kept in self._conversations if kept[0] == key and kept[2] == slug]:
                _, model, _, section = owned
                left = self._conversations.pop(owned).branches
                visit.kept[model, slug, section] = kept_talk(model, slug, section, left).branched
            visit.resting = {kept: one for kept, one in visit.resting.items() if kept[1] != slug}

    def conversation(self, key: str, slug: str, section: int) -> Conversation | None:
        """The conversation with the visitor's model about that section, if it is still remembered."""
        wanted = key, self.model(key), slug, section
        with self._lock:
            found = self._conversations.get(wanted)
            if found:
                self._conversations.move_to_end(wanted)
            return found

    def turns(self, key: str, slug: str, section: int) -> "Sequence[Turn | KeptTurn]":
        """The turns of that conversation, as it stands here or, after a reload, as the browser kept it."""
        return self.branches(key, slug, section).turns

    def branches(self, key: str, slug: str, section: int) -> "Branches[Turn] | Branches[KeptTurn]":
        """The same with all its branches."""
        conversation = self.conversation(key, slug, section)
        if conversation:
            return conversation.branches
        return self.visit(key).kept.get((self.model(key), slug, section), Branches())

    def turn_to(self, key: str, slug: str, section: int, place: int, number: int) -> None:
        """Open another branch: turn `number` of those at a place; nothing where there is none."""
        self._show(key, slug, section, lambda branches: branches.turned(place, number))

    def begin_conversation(self, key: str, slug: str, section: int) -> None:
        """Open an empty branch; what was asked stays on its own."""
        self._show(key, slug, section, lambda branches: branches.begun_anew())

    def _show(self, key: str, slug: str, section: int, change: "Callable[[Branches[Any]], Branches[Any]]") -> None:
        conversation, kept = self.conversation(key, slug, section), self.visit(key).kept
        name = self.model(key), slug, section
        if conversation:
            conversation.show(change(conversation.branches))
        elif name in kept:
            kept[name] = change(kept[name])

    def undo(self, key: str, slug: str, section: int) -> str | None:
        """Forget the last turn of a conversation and give its question; None where there is none."""
        turns = self.turns(key, slug, section)
        if not turns:
            return None
        conversation = self.conversation(key, slug, section)
        if conversation:
            conversation.chat.undo()
            conversation.settle()
        else:
            kept, name = self.visit(key).kept, (self.model(key), slug, section)
            kept[name] = kept[name].following(kept[name].turns[:-1])
        return turns[-1].question

    def remember(self, key: str, slug: str, section: int, conversation: Conversation) -> None:
        """Keep a conversation; the one that nobody used for longest makes room."""
        with self._lock:
            self._conversations[(key, conversation.model, slug, section)] = conversation
            while len(self._conversations) > self._most_conversations:
                self._conversations.popitem(last=False)

    def leave(self, key: str) -> None:
        """The page has gone, or only its connection: its work stops now, what it had is forgotten after a while."""
        visit = self._visits.get(key)
        if not visit:
            return
        visit.leave()
        visit.arrived = False  # a page that is still there opens anew, and comes back by `rejoin`
        timer = threading.Timer(self._linger, self._forget_left, (key, visit))
        timer.daemon = True
        timer.start()

    def _forget_left(self, key: str, visit: Visit) -> None:
        if self._visits.get(key) is visit:
            self.forget(key)

    def rejoin(self, key: str, ticket: str) -> None:
        """Give a page that was opened anew what it had before: films of its own, with subtitles and conversations.

        `ticket` is the one of that visit; nothing happens where there is none (any more).
        """
        now = self.visit(key)
        with self._lock:
            old = next((name for name, one in self._visits.items() if one.ticket == ticket and one is not now), None)
            if old is None:
                return
            left = self._visits.pop(old)
            for owned in [kept for kept in self._conversations if kept[0] == old]:
                conversation = self._conversations.pop(owned)
                if owned[2] in left.own:
                    self._conversations[(key, *owned[1:])] = conversation
                else:  # its turns are as the browser kept them; what a model has read of them is here
                    now.resting[owned[1:]] = conversation
        left.leave()
        now.take_over(left)
        if self._uploads:
            self._uploads.pass_on(left, now, {*left.own, *(f"{slug}/subtitles" for slug in left.subtitled)})

    def forget(self, key: str) -> None:
        """Free all that belongs to a visit: stop its work, drop its conversations, delete its films."""
        with self._lock:
            visit = self._visits.pop(key, None)
        self._drop_conversations(key)
        if not visit:
            return
        visit.leave()
        visit.waiting = None
        for subtitled in visit.subtitled.values():
            subtitled.stop_hearing()
        if self._uploads:
            self._uploads.let_go(visit)
        self._forget_pictures(*visit.own.values())

    def close(self) -> None:
        """Stop what no model knows of yet: questions that wait for one, and films that are being brought."""
        with self._lock:
            visits = list(self._visits.values())
        for visit in visits:
            if visit.asked and not visit.asked.turn:
                visit.asked.stop()
            if visit.bringing:
                visit.bringing.stopping.set()
            for subtitled in visit.subtitled.values():
                subtitled.stop_hearing()

    def remove(self, key: str, slug: str) -> Movie:
        """Take a visitor's own film away, with its conversations and files; gives what it was.

        Raises `MovieError` when it is not there (any more).
        """
        visit = self.visit(key)
        movie = visit.own.pop(slug, None)
        if movie is None:
            raise MovieError(GONE)
        visit.posters.pop(slug, None)
        if slug in visit.subtitled:
            visit.subtitled.pop(slug).stop_hearing()
        if visit.showing and visit.showing[0] == slug:
            visit.leave()
        self._drop_conversations(key, slug)
        if self._uploads:
            self._uploads.hold(visit, slug)
            self._uploads.hold(visit, f"{slug}/subtitles")
        self._forget_pictures(movie)
        return movie

    def _forget_pictures(self, *movies: Movie) -> None:
        for movie in movies:
            if self._stills:
                self._stills.forget(movie)

    def _drop_conversations(self, key: str, slug: str | None = None) -> None:
        with self._lock:
            for owned in [kept for kept in self._conversations if kept[0] == key and slug in (None, kept[2])]:
                del self._conversations[owned]
