"""What is showing: opens films and sections, and fills player, strip, transcript and questions."""

from html import escape
from typing import Any

import gradio as gr

from llamavid_demo.errors import GONE, MovieError
from llamavid_demo.film import Movie
from llamavid_demo.film.speech import speech_model
from llamavid_demo.settings import Settings
from llamavid_demo.ui.browser import message
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.cost import Costs
from llamavid_demo.ui.kept import Arrival, KeptTalk
from llamavid_demo.ui.language import language, say
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.player import files_folder, playable_file, subtitle_file
from llamavid_demo.ui.posters import facts, poster_wall
from llamavid_demo.ui.sections import clamp, section_at, section_strip, still_times
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.subtitle_panel import panel
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.talk import notice, progress_bar, suggestions
from llamavid_demo.ui.transcript import transcript
from llamavid_demo.ui.visit import WaitingPlayer

NOT_HERE = (
    "The film that this address names is not here; a clip of your own goes when you close the page. Bring it again."
)

PREPARING = "Browsers cannot play this film as it is: a copy is made. You can ask meanwhile…"

Parts = dict[str, Any]


def about(movie: Movie) -> str:
    """HTML under the player: what film this is."""
    synopsis = f'<p class="synopsis">{escape(movie.synopsis)}</p>' if movie.synopsis else ""
    return f'<div class="about"><h2>{escape(movie.title)}</h2><p class="facts">{facts(movie)}</p>{synopsis}</div>'


class Screening:
    """Turns "show this film, this section" into the values of the page's parts."""

    def __init__(
        self, settings: Settings, sessions: Sessions, models: Models, stills: Stills, talking: Talking
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._costs = Costs(models)
        self._stills = stills
        self._talking = talking
        self._hears = speech_model(settings.speech_model) is not None

    def film(self, key: str, movie: Movie, index: int = 0) -> Parts:
        """All parts for another film, at once: pictures that are not known yet are left blank."""
        return {**self._film(key, movie), **self.section(key, movie, index)}

    def _film(self, key: str, movie: Movie) -> Parts:
        return {
            "wall": self.wall(key, movie.slug),
            **self.player(key, movie),
            "about": about(movie),
            "transcript": transcript(movie, hears=self._hears),
            **panel(self._sessions.visit(key), movie, self._sessions.original(key, movie.slug)),
        }

    def subtitles(self, key: str, slug: str) -> Parts:
        """The parts that change when the film that is showing has other subtitles."""
        visit, movie = self._sessions.visit(key), self._sessions.movie(key, slug)
        index = visit.showing[1] if visit.showing else 0
        return {
            **self.player(key, movie),
            "transcript": transcript(movie, hears=self._hears),
            "suggestions": suggestions(suggested(movie, index)),
            "cost": self.cost(key, movie, index),
            **panel(visit, movie, self._sessions.original(key, slug)),
            **self._talking.view.parts(key, movie, index),
        }

    def wall(self, key: str, showing: str | None = None) -> str:
        """The poster wall of a visitor; `showing` is the open film's slug, the one that is open when unset."""
        visit = self._sessions.visit(key)
        slug = showing or (visit.showing or ("",))[0]
        movies = self._sessions.movies(key)
        asked = {movie.slug: sum(self._asked(key, movie).values()) for movie in movies}
        return poster_wall(movies, slug, visit.own, visit.posters, asked)

    def _asked(self, key: str, movie: Movie) -> dict[int, int]:
        """How many questions the visitor's conversations about a film's sections have."""
        return {one.index: len(self._sessions.turns(key, movie.slug, one.index)) for one in movie.sections}

    def section(self, key: str, movie: Movie, index: int) -> Parts:
        """The parts that change with the section."""
        index = clamp(index, movie.sections)
        visit = self._sessions.visit(key)
        # Where nothing was asked the controls stay as they are: a question may follow before this reaches the page.
        controls = self._talking.resting() if visit.asked else {}
        left = self._talking.break_off(key)
        if not left["alert"]:
            left = {"alert": self._left(visit.showing, key, movie, index)}
        visit.showing = movie.slug, index
        return {**self._section(key, movie, index), **left, **controls, **self._talking.view.parts(key, movie, index)}

    def _left(self, showing: tuple[str, int] | None, key: str, movie: Movie, index: int) -> str:
        """A notice that the conversation about another section of a film stays where it is; "" where none does."""
        if not showing or showing[0] != movie.slug or showing[1] == index or not self._sessions.turns(key, *showing):
            return ""
        here, there = movie.sections[index].label, movie.sections[showing[1]].label
        return notice(say("Now about {here}. What you asked about {there} is kept there.", here=here, there=there))

    def _section(self, key: str, movie: Movie, index: int) -> Parts:
        return {
            "slug": movie.slug,
            "section": index,
            "strip": self.strip(key, movie, index),
            "cost": self.cost(key, movie, index),
            "suggestions": suggestions(suggested(movie, index)),
        }

    def strip(self, key: str, movie: Movie, index: int, *, draw: bool = False) -> str:
        """The section strip with the pictures known so far, or, if `draw`, with all of them."""
        wanted = [second for section in movie.sections for second in still_times(movie, section)]
        pictures = self._stills.at(movie, wanted) if draw else self._stills.known(movie, wanted)
        asked = self._asked(key, movie) if len(movie.sections) > 1 else {}
        return section_strip(movie, index, pictures, self._sessions.visit(key).pressed, asked)

    def cost(self, key: str, movie: Movie, index: int) -> str:
        """What reading a section takes of the visitor's model, as far as that is known at once."""
        return self._costs.known(self._sessions.model(key), movie, index)

    def player(self, key: str, movie: Movie) -> Parts:
        """The player with the film, or empty, with a bar, until a copy is there; `Copies` follows that.

        Raises what `video` raises.
        """
        parts = self.video(key, movie)
        self._sessions.visit(key).waiting = None if parts else WaitingPlayer(movie.slug)
        return parts or {"player": None, "copying": progress_bar(None, PREPARING)}

    def video(self, key: str, movie: Movie) -> Parts | None:
        """The player with the film and its subtitles; None as long as browsers need a copy that is not there.

        Give it by an event: a constructor adds no track. Raises `MovieError` when the film's file has gone.
        """
        if not movie.path.exists():
            raise MovieError(GONE)
        visit = self._sessions.visit(key)
        folder = files_folder(self._settings, movie, own=movie.slug in visit.own)
        path = playable_file(movie, folder)
        if path is None:
            return None
        if known := visit.subtitled.get(movie.slug):
            folder = known.folder or folder
        return {"player": gr.Video(value=str(path), subtitles=subtitle_file(movie, folder)), "copying": ""}

    def arrive(self, key: str, arrival: Arrival) -> Parts:
        """What a page that has just been opened shows: what its address asks for, with the browser's conversations."""
        visit = self._sessions.visit(key)
        self._sessions.rejoin(key, arrival.ticket)
        here = message(arrived=True, ticket=visit.ticket)
        visit.kept = {(talk.model, talk.film, talk.section): talk.branched for talk in arrival.talks}
        visit.arrived = True
        if visit.showing:  # pressed before the page was whole
            movie = self._sessions.movie(key, visit.showing[0])
            told = {"cost": self.cost(key, movie, visit.showing[1]), "wall": self.wall(key), "browser": here}
            return {**self.player(key, movie), **told}
        chosen = {}
        if arrival.model in self._models.names and arrival.model != self._sessions.model(key):
            self._sessions.choose(key, arrival.model)
            chosen = {
                "picker": gr.Dropdown(self._models.choices(), value=arrival.model),
                "model": self._models[arrival.model].state(),
            }
        first = next(iter(self._sessions.bundled.values()))
        known = self._sessions.bundled | visit.own
        movie = self._sessions.movie(key, arrival.film) if arrival.film in known else first
        index = arrival.section if arrival.section is not None else section_at(movie, arrival.second or 0.0)
        if latest := self._latest(key, arrival):
            movie, index = self._sessions.bundled[latest.film], latest.section
        # The page was laid out with the first film, in English.
        parts = self.film(key, movie, index) if movie is not first or language() != "en" else {
            **self.player(key, movie), **self.section(key, movie, index),
            **panel(visit, movie, movie), **({"wall": self.wall(key, movie.slug)} if visit.kept or visit.own else {}),
        }  # fmt: skip
        alert = {"alert": notice(NOT_HERE)} if arrival.film not in ("", movie.slug) else {}
        return {**parts, **chosen, **alert, "browser": here}

    def _latest(self, key: str, arrival: Arrival) -> KeptTalk | None:
        """The conversation that the browser kept last, where the address names no film."""
        model, bundled = self._sessions.model(key), self._sessions.bundled
        talks = (talk for talk in arrival.talks if talk.model == model and talk.film in bundled)
        return None if arrival.film else next(talks, None)

    def go(self, key: str, slug: str, index: int, page: tuple[str, int]) -> Parts:
        """Open a section of a film; what is open already stays as it is, with whatever is being answered.

        `page` is what the page has: of quick presses the answers may reach it in another order, or be on their way.
        """
        visit, movie = self._sessions.visit(key), self._sessions.movie(key, slug)
        index = clamp(index, movie.sections)
        with visit.press_lock:
            if visit.showing == (slug, index):
                return {} if page == visit.showing else self._again(key, movie, index)
            here = visit.showing and visit.showing[0] == slug == page[0]
            return self.section(key, movie, index) if here else self.film(key, movie, index)

    def _again(self, key: str, movie: Movie, index: int) -> Parts:
        """All parts of what is showing once more; what is being answered goes on."""
        parts = {**self._film(key, movie), **self._section(key, movie, index)}
        if self._sessions.visit(key).busy:
            return parts
        return {**parts, **self._talking.resting(), **self._talking.view.parts(key, movie, index)}

    def complete(self, key: str, page: tuple[str, int]) -> Parts:
        """What takes a moment: the strip's pictures and the cost of what is showing; nothing if it shows no more.

        If that is not what the `page` has, all of it: see `go`.
        """
        visit = self._sessions.visit(key)
        showing = visit.showing
        if not showing:
            return {}
        movie, index = self._sessions.movie(key, showing[0]), showing[1]
        model = self._sessions.model(key)
        parts = {"strip": self.strip(key, movie, index, draw=True), "cost": self._costs.planned(model, movie, index)}
        if page != showing:
            parts = {**self._again(key, movie, index), **parts}
        return parts if (visit.showing, self._sessions.model(key)) == (showing, model) else {}
