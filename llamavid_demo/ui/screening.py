"""What is showing: opens films and sections, and fills player, strip, transcript and questions."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from llamavid_demo.errors import GONE, MovieError
from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.cost import Costs
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.player import copy_path, is_playable, subtitle_file
from llamavid_demo.ui.posters import facts, poster_wall
from llamavid_demo.ui.sections import clamp, section_strip, still_times
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.talk import suggestions
from llamavid_demo.ui.transcript import transcript_list

Parts = dict[str, Any]


def files_folder(settings: Settings, movie: Movie, *, own: bool) -> Path:
    """Where a film's copy and subtitles go: beside a visitor's upload, to go when that goes, or in the cache."""
    return movie.path.parent if own else settings.cache_dir / "page"


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
        self._costs = Costs(models)
        self._stills = stills
        self._talking = talking

    def film(self, key: str, movie: Movie, index: int = 0) -> Parts:
        """All parts for another film, at once: pictures that are not known yet are left blank."""
        visit = self._sessions.visit(key)
        index = clamp(index, movie.sections)
        cues = movie.subtitles.cues if movie.subtitles else ()
        return {
            "wall": poster_wall(self._sessions.movies(key), movie.slug, visit.own),
            "player": self.player(movie, own=movie.slug in visit.own),
            "about": about(movie),
            "transcript": transcript_list(cues, movie.subtitles.language if movie.subtitles else None),
            "suggestions": suggestions(movie.questions),
            **self.section(key, movie, index),
        }

    def section(self, key: str, movie: Movie, index: int) -> Parts:
        """The parts that change with the section."""
        index = clamp(index, movie.sections)
        visit = self._sessions.visit(key)
        visit.leave()
        visit.showing = movie.slug, index
        return {
            "slug": movie.slug,
            "section": index,
            "strip": self.strip(movie, index),
            "cost": self.cost(key, movie, index),
            "alert": "",
            **self._talking.resting(),
            **self._talking.parts(key, movie, index),
        }

    def strip(self, movie: Movie, index: int, *, draw: bool = False) -> str:
        """The section strip with the pictures known so far, or, if `draw`, with all of them."""
        wanted = [second for section in movie.sections for second in still_times(movie, section)]
        pictures = self._stills.at(movie, wanted) if draw else self._stills.known(movie, wanted)
        return section_strip(movie, index, pictures)

    def cost(self, key: str, movie: Movie, index: int) -> str:
        """What reading a section takes of the visitor's model, as far as that is known at once."""
        return self._costs.known(self._sessions.model(key), movie, index)

    def player(self, movie: Movie, *, own: bool) -> gr.Video:
        """The player with the film and its subtitles. Give it by an event: a constructor adds no track.

        Raises `MovieError` when the film's file has gone.
        """
        if not movie.path.exists():
            raise MovieError(GONE)
        folder = files_folder(self._settings, movie, own=own)
        path = movie.path if is_playable(movie) else copy_path(movie, folder)
        return gr.Video(value=str(path), subtitles=subtitle_file(movie, folder))

    def arrive(self, key: str, slug: str, index: int) -> Parts:
        """What a page that has just been opened lacks; a question may already be asked there."""
        movie = self._sessions.movie(key, slug)
        visit = self._sessions.visit(key)
        visit.showing = visit.showing or (slug, index)
        return {"player": self.player(movie, own=slug in visit.own), "cost": self.cost(key, movie, index)}

    def pick_film(self, key: str, slug: str) -> Parts:
        """Open a film of the wall; the one that is open stays as it is, with whatever is being answered."""
        showing = self._sessions.visit(key).showing
        return {} if showing and showing[0] == slug else self.film(key, self._sessions.movie(key, slug))

    def complete(self, key: str) -> Parts:
        """What takes a moment: the strip's pictures and the cost of what is showing; nothing if it shows no more."""
        visit = self._sessions.visit(key)
        showing = visit.showing
        if not showing:
            return {}
        movie, index = self._sessions.movie(key, showing[0]), showing[1]
        model = self._sessions.model(key)
        parts = {"strip": self.strip(movie, index, draw=True), "cost": self._costs.planned(model, movie, index)}
        return parts if (visit.showing, self._sessions.model(key)) == (showing, model) else {}

    def pick_section(self, key: str, slug: str, index: int) -> Parts:
        """Move to another section of the film that is open."""
        if self._sessions.visit(key).showing == (slug, index):
            return {}
        return self.section(key, self._sessions.movie(key, slug), index)
