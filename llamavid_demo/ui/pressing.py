"""Presses in the order in which a person made them, whatever the order in which their requests come to the server.

The page numbers its presses, and says with each question which section was asked for last.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llamavid_demo.ui.conversation import LEFT, Talking, never_begun
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sections import clamp
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.steering import LONGEST, UNSTEERED
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.talk import notice
from llamavid_demo.ui.visit import Visit

Parts = dict[str, Any]
Place = tuple[str, int]  # a film's slug and a section's number


@dataclass(frozen=True)
class Press:
    """A press as memory.js tells of it: its number, the place that was asked for last, and the one that was drawn.

    Number 0: before the page was whole.
    """

    number: int = 0
    wanted: Place | None = None
    drawn: Place | None = None

    @classmethod
    def read(cls, sent: object) -> "Press":
        """What stands behind the settings in what the page sends; what cannot be read counts as nothing."""
        try:
            _, _, number, *places = json.loads(str(sent)[:LONGEST])
            (wanted, first), (drawn, second) = (str(place).rsplit("/", 1) for place in places)
            return cls(int(number), (wanted, int(first)), (drawn, int(second)))
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return cls()


class Pressing:
    """The handlers of presses that would go wrong in another order; `key` is the page's session key throughout."""

    def __init__(self, sessions: Sessions, screening: Screening, talking: Talking) -> None:
        self._sessions = sessions
        self._screening = screening
        self._talking = talking

    def go(self, key: str, slug: str, index: int, page: Place, number: int = 0) -> Parts:
        """Open a section of a film; nothing where a later press was there first. See `Screening.go`."""
        visit = self._sessions.visit(key)
        with visit.press_lock:
            if number and number < visit.pressed:
                return {}
            visit.pressed = max(number, visit.pressed)
            return self._screening.go(key, slug, index, page)

    def begin(self, key: str, question: str, slug: str, section: int, sent: str = UNSTEERED) -> Parts:
        """Take a question about what was asked for last. See `Talking.begin`."""
        visit, press = self._sessions.visit(key), Press.read(sent)
        with visit.press_lock:
            if press.wanted and press.number < visit.pressed and press.wanted != visit.showing:
                return {"alert": notice(never_begun(self._sessions.movie(key, press.wanted[0]), question))}
            opened = self._open(key, visit, press, (slug, section))
            return {**opened, **self._talking.begin(key, question, slug, section, sent)}

    def begin_suggested(self, key: str, question: str, slug: str, section: int, sent: str = UNSTEERED) -> Parts:
        """The same for a suggested question, which was drawn for a section that may have been left since."""
        visit, press = self._sessions.visit(key), Press.read(sent)
        with visit.press_lock:
            film, index = press.wanted or visit.showing or (slug, section)
            movie = self._sessions.movie(key, film)
            if question not in suggested(movie, clamp(index, movie.sections)):
                return {**self._open(key, visit, press, (slug, section)), "alert": notice(LEFT)}
            return self.begin(key, question, slug, section, sent)

    def of_turn(self, key: str, take: Callable[[str, Place], Parts], page: Place, sent: str = UNSTEERED) -> Parts:
        """Do something with a turn that is drawn, unless its section was left meanwhile."""
        visit, press = self._sessions.visit(key), Press.read(sent)
        with visit.press_lock:
            if press.drawn and not press.drawn == press.wanted == visit.showing:
                return {**self._open(key, visit, press, page), "alert": notice(LEFT)}
            visit.pressed = max(press.number, visit.pressed)
            return take(key, press.drawn or page)

    def _open(self, key: str, visit: Visit, press: Press, page: Place) -> Parts:
        """Open what was pressed before this press, if that is still on its way to the server."""
        if press.number < visit.pressed:
            return {}
        visit.pressed = press.number
        if press.wanted in (None, visit.showing):
            return {}
        return self._screening.go(key, *press.wanted, page)
