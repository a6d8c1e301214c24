"""The films on the wall: those of the movies folder, read once when the page starts."""

import logging

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.film import Movie, find_movies, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.player import files_folder, playable_file

log = logging.getLogger(__name__)


def bundled_movies(settings: Settings) -> tuple[Movie, ...]:
    """All films of the folder that can be opened; what cannot is logged and left out.

    The first one is open on arrival, so those come first that the player has at once, and of these the shortest, which
    is the quickest to talk with. Raises `MovieError` when none is left.
    """
    movies: dict[str, Movie] = {}
    waiting = set()  # those of which a copy is yet to be made
    for path in find_movies(settings.movies):
        try:
            movie = load_movie(path, language=settings.subtitle_language, section_minutes=settings.section_minutes)
        except DemoError as error:
            log.warning("left out: %s", error)
            continue
        except Exception:  # one film must not keep the others from being shown
            log.exception("left out: %a", str(path))
            continue
        if movie.slug in movies:
            log.warning("left out: %s has the same name as %s", path, movies[movie.slug].path)
            continue
        movies[movie.slug] = movie
        for warning in movie.warnings:
            log.warning(warning)
        if not playable_file(movie, files_folder(settings, movie, own=False)):
            waiting.add(movie.slug)
            log.warning("%s: browsers cannot play it as it is; a copy will be made when it is opened", path.name)
    if not movies:
        raise MovieError(f"No film in {settings.movies} can be opened; put one there, or set LLAMAVID_MOVIES.")
    return tuple(sorted(movies.values(), key=lambda movie: (movie.slug in waiting, movie.duration)))
