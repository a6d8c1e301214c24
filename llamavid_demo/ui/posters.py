"""The poster wall: one button a film, and one that opens the panel for a film of one's own."""

from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from llamavid_demo.film import Movie
from llamavid_demo.ui.words import length

# A press tells the page which film, or that somebody wants to bring one.
ON_LOAD = """
element.addEventListener('click', (event) => {
  const film = event.target.closest('[data-film]');
  if (film) trigger('pick', { film: film.dataset.film });
  else if (event.target.closest('[data-bring]')) trigger('bring', {});
});
"""


def address(path: Path) -> str:
    """Where the page finds a file that Gradio serves; relative, so that it holds behind a prefix."""
    return "gradio_api/file=" + quote(str(path))


def facts(movie: Movie) -> str:
    """HTML of length, year and licence; lines break between them only."""
    known = (str(fact) for fact in (length(movie.duration), movie.year, movie.licence) if fact)
    return " · ".join(f'<span class="fact">{escape(fact)}</span>' for fact in known)


def poster_wall(movies: Sequence[Movie], showing: str, own: Collection[str] = ()) -> str:
    """HTML of the wall; `showing` is the slug of the open film, `own` the slugs that this visitor brought."""
    tiles = "".join(_tile(movie, showing=movie.slug == showing, own=movie.slug in own) for movie in movies)
    bring = (
        '<li><button type="button" class="poster bring" data-bring>'
        '<span class="sheet" aria-hidden="true"><span class="plus">+</span></span>'
        '<span class="caption"><span class="title">Your own film</span>'
        '<span class="facts">Bring a clip, with subtitles if you have them</span></span></button></li>'
    )
    return f'<ul class="posters" aria-label="Films">{tiles}{bring}</ul>'


def _tile(movie: Movie, *, showing: bool, own: bool) -> str:
    title = escape(movie.title)
    if movie.poster:
        sheet = f'<img src="{escape(address(movie.poster))}" alt="Poster of {title}">'
    else:
        sheet = f'<span class="lettered" aria-hidden="true">{escape(movie.title[:1].upper())}</span>'
    mark = '<span class="mark">Yours</span>' if own else ""
    return (
        f'<li><button type="button" class="poster" data-film="{escape(movie.slug)}" '
        f'aria-pressed="{str(showing).lower()}"><span class="sheet">{sheet}</span>'
        f'<span class="caption"><span class="title">{title}</span>'
        f'<span class="facts">{facts(movie)}</span>{mark}</span></button></li>'
    )
