"""What the page shows of a conversation: its turns, their evidence with pictures, the timeline, the invitation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llamavid_demo.errors import DemoError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.evidence import evidence_strip
from llamavid_demo.ui.heat import heat_picture
from llamavid_demo.ui.invitation import invitation
from llamavid_demo.ui.kept import KeptTurn
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.player import files_folder
from llamavid_demo.ui.refusals import is_small_talk, rests_on_nothing
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.talk import finished_turn, others_here
from llamavid_demo.ui.timeline import known_sheet, timeline
from llamavid_demo.ui.visit import Conversation

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn

Parts = dict[str, Any]


class TalkView:
    """Draws conversations; `key` is the page's session key throughout."""

    def __init__(self, settings: Settings, sessions: Sessions, models: Models, stills: Stills) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._stills = stills

    def parts(self, key: str, movie: Movie, section: int) -> Parts:
        """The conversation as it stands, with the pictures that are known."""
        articles = self.articles(key, movie, section, again=True)
        others = others_here(len(articles), len(self._sessions.branches(key, movie.slug, section).at(len(articles))))
        drawn = {"timeline": self.timeline(key, movie, section)}
        if not articles:
            model = self._models[self._sessions.model(key)].ready
            return {"past": "", "current": invitation(movie.title, model, self._settings) + others, **drawn}
        return {"past": "".join(articles[:-1]), "current": articles[-1] + others, **drawn}

    def timeline(self, key: str, movie: Movie, section: int) -> str:
        """The timeline with what the answers of this conversation lean on, and the stills if they are there."""
        turns = self._sessions.turns(key, movie.slug, section)
        leaned = [() if rests_on_nothing(turn.text) else turn.evidence for turn in turns]
        folder = files_folder(self._settings, movie, own=movie.slug in self._sessions.visit(key).own)
        return timeline(movie, section, leaned, known_sheet(movie, folder))

    def welcome(self, key: str) -> Parts:
        """The invitation, which says more when the model is there; nothing where a conversation has begun."""
        visit = self._sessions.visit(key)
        if visit.showing is None or visit.busy or self._sessions.turns(key, *visit.showing):
            return {}
        return self.parts(key, self._sessions.movie(key, visit.showing[0]), visit.showing[1])

    def illustrate(self, key: str, slug: str, section: int) -> Parts:
        """Add pictures to the evidence and where the model looked, unless the visitor has moved on meanwhile.

        It asks of the model only what made the context tokens: the answers of others go on.
        """
        movie = self._sessions.movie(key, slug)
        conversation = self._sessions.conversation(key, slug, section)
        for turn in self._sessions.turns(key, slug, section):
            self._stills.at(movie, [moment.seconds for moment in turn.evidence])
        if conversation:
            turns = list(conversation.chat.turns)
            known = conversation.heat_maps
            conversation.heat_maps = {
                turn: known.get(turn) or self._heat_maps(conversation, movie, turn) for turn in turns
            }
        # Drawing takes a while, in which anything may have been asked: look at the conversation only now.
        visit = self._sessions.visit(key)
        # An invitation has no pictures, and by now another handler may have made it say more.
        if visit.busy or visit.showing != (slug, section) or not self._sessions.turns(key, slug, section):
            return {}
        return self.parts(key, movie, section)

    def articles(self, key: str, movie: Movie, section: int, *, again: bool = False) -> list[str]:
        """HTML of each turn; the last one can be asked `again`."""
        conversation = self._sessions.conversation(key, movie.slug, section)
        branches, articles = self._sessions.branches(key, movie.slug, section), []
        turns: Sequence[Turn | KeptTurn] = branches.turns
        for place, turn in enumerate(turns):
            pictures = self._stills.known(movie, [moment.seconds for moment in turn.evidence])
            heat_maps = conversation.heat_maps.get(turn) if conversation else None
            found = not rests_on_nothing(turn.text)
            moments = () if is_small_talk(turn.text) else turn.evidence
            strip = evidence_strip(moments, pictures, heat_maps, found=found)
            choices: list[object] = [*branches.at(place)]
            articles.append(
                finished_turn(
                    turn, strip, last=again and place + 1 == len(turns), length=movie.duration, place=place,
                    number=next(number for number, one in enumerate(choices) if one is turn), choices=len(choices),
                )
            )  # fmt: skip
        return articles

    @staticmethod
    def _heat_maps(conversation: Conversation, movie: Movie, turn: "Turn") -> dict[float, str]:
        chat = conversation.chat
        cropped = chat.model.frame_format.fit == "crop"
        seconds = [moment.seconds for moment in turn.evidence]
        try:
            return {second: heat_picture(chat.heat_map(second, turn), movie, cropped=cropped) for second in seconds}
        except DemoError:  # undone meanwhile
            return {}
