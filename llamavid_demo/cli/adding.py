"""The command `add`: a film from a file or an address into the films folder."""

from pathlib import Path
from typing import Annotated

import typer

from llamavid_demo.cli.common import chosen_settings, console, messages
from llamavid_demo.cli.progress_bars import progress_bars


def add(
    source: Annotated[str, typer.Argument(metavar="PATH_OR_URL", help="A video file, or its address (http, https).")],
    subtitles: Annotated[
        str | None, typer.Option(help="Subtitle file, or its address; else those beside the video, or inside it.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The film's title; from the file's name when unset.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of its folder, in lower case with hyphens.")] = None,
    year: Annotated[int | None, typer.Option(help="Year of the film.")] = None,
    licence: Annotated[str, typer.Option(help="Its licence, such as CC-BY-3.0; the page shows it.")] = "",
    sha256: Annotated[str | None, typer.Option(help="SHA-256 that the video must have.")] = None,
    most_gb: Annotated[float | None, typer.Option(help="Largest video to take, in GB.")] = None,
    movies: Annotated[Path | None, typer.Option(help="Folder of films.")] = None,
) -> None:
    """Bring a film into the films folder, with subtitles, poster and movie.toml; killed, it goes on when run again."""
    from llamavid_demo.film import load_movie
    from llamavid_demo.film.adding import NewFilm, add_film
    from llamavid_demo.film.sections import clock

    settings = chosen_settings(movies=movies, film_gb=most_gb)
    film = NewFilm(source, subtitles, name, title, year, licence, sha256)
    work = add_film(film, settings.movies, most_bytes=int(settings.film_gb * 1e9))
    with progress_bars(messages, in_bytes=True) as progress:
        while True:
            try:
                progress(next(work))
            except StopIteration as ended:
                folder: Path = ended.value
                break
    movie = load_movie(folder, language=settings.subtitle_language)
    spoken = f"subtitles from {movie.subtitles.source}" if movie.subtitles else "no subtitles"
    console.print(f"{movie.title}, {clock(movie.duration)}, {spoken}: it is in {folder}", markup=False, soft_wrap=True)
