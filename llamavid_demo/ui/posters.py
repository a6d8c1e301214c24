"""The poster wall: one button a film, and one that opens the panel for a film of one's own."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from llamavid_demo.film import Movie
from llamavid_demo.ui.language import say
from llamavid_demo.ui.words import length, some

# A press tells the page which film, or that somebody wants to bring one, or to have their own removed. Where the wall
# is wider than the page, the open film stays in sight.
ON_LOAD = """
const inSight = () => {
  const list = element.querySelector('.posters');
  const open = list?.querySelector('[aria-pressed=true]')?.closest('li');
  if (open) list.scrollLeft = open.offsetLeft - list.offsetLeft - (list.clientWidth - open.offsetWidth) / 2;
};
new MutationObserver(inSight).observe(element, { childList: true, subtree: true });
element.addEventListener('click', (event) => {
  const film = event.target.closest('[data-film]');
  const unwanted = event.target.closest('[data-remove]');
  if (unwanted) trigger('remove', { film: unwanted.dataset.remove });
  else if (film) trigger('pick', window.cinema.press(film.dataset.film, 0));
  else if (event.target.closest('[data-bring]')) trigger('bring', {});
});
document.addEventListener('go', ({ detail: { film, section } }) => trigger('pick', window.cinema.press(film, section)));
"""


def address(path: Path) -> str:
    """Where the page finds a file that Gradio serves; relative, so that it holds behind a prefix."""
    return "gradio_api/file=" + quote(str(path))


def facts(movie: Movie) -> str:
    """HTML of length, year and licence; lines break between them only."""
    known = (str(fact) for fact in (length(movie.duration), movie.year, movie.licence) if fact)
    return " · ".join(f'<span class="fact">{escape(fact)}</span>' for fact in known)


def poster_wall(
    movies: Sequence[Movie],
    showing: str,
    own: Collection[str] = (),
    pictures: Mapping[str, str] | None = None,
    asked: Mapping[str, int] | None = None,
) -> str:
    """HTML of the wall; `showing` is the slug of the open film, `own` the slugs that this visitor brought.

    `pictures` are the posters of films that have no file for one: `data:` addresses by slug. `asked` says how many
    questions the visitor's conversations about a film have.
    """
    pictures, asked = pictures or {}, asked or {}
    tiles = "".join(
        _tile(
            movie, pictures.get(movie.slug, ""), asked.get(movie.slug, 0),
            showing=movie.slug == showing, own=movie.slug in own,
        )
        for movie in movies
    )  # fmt: skip
    bring = (
        '<li><button type="button" class="poster bring" data-bring>'
        '<span class="sheet" aria-hidden="true"><span class="plus">+</span></span>'
        f'<span class="caption"><span class="title">{say("Your own film")}</span>'
        f'<span class="facts">{say("Bring a clip, with subtitles if you have them")}</span></span></button></li>'
    )
    return f'<ul class="posters" aria-label="{say("Films")}">{tiles}{bring}</ul>'


def _tile(movie: Movie, picture: str, asked: int, *, showing: bool, own: bool) -> str:
    title = escape(movie.title)
    poster = address(movie.poster) if movie.poster else picture
    if poster:
        sheet = f'<img src="{escape(poster)}" alt="{say("Poster of {title}", title=title)}">'
    else:
        sheet = f'<span class="lettered" aria-hidden="true">{escape(movie.title[:1].upper())}</span>'
    marks = [say("Yours")] * own + [some(asked, "question")] * bool(asked)
    mark = f'<span class="mark">{" · ".join(marks)}</span>' if marks else ""
    unwanted = say("Remove {title}", title=title)
    remove = (
        f'<button type="button" class="remove" data-remove="{escape(movie.slug)}" aria-label="{unwanted}" '
        f'title="{unwanted}">×</button>'
        if own
        else ""
    )
    return (
        f'<li><button type="button" class="poster" data-film="{escape(movie.slug)}" '
        f'aria-pressed="{str(showing).lower()}"><span class="sheet">{sheet}</span>'
        f'<span class="caption"><span class="title">{title}</span>'
        f'<span class="facts">{facts(movie)}</span>{mark}</span></button>{remove}</li>'
    )
