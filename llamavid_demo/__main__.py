"""Command line: serve the page, ask from a shell, read films ahead, plan what fits, evaluate and train."""

import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler

from llamavid_demo.cli.adding import add
from llamavid_demo.cli.asking import ask
from llamavid_demo.cli.common import (
    AsJson,
    Model,
    Quantization,
    chosen_movie,
    chosen_settings,
    console,
    loaded_model,
    messages,
    told_in_a_line,
)
from llamavid_demo.cli.doctor import doctor
from llamavid_demo.cli.evaluating import compare, evaluate
from llamavid_demo.cli.getting import get, get_if_wanted
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.cli.space import space
from llamavid_demo.cli.subtitling import subtitles
from llamavid_demo.cli.training import train
from llamavid_demo.errors import QuestionError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Talk with a film.", pretty_exceptions_enable=False)


@app.command()
def serve(
    model: Model = None,
    movies: Annotated[Path | None, typer.Option(help="Folder of films.")] = None,
    quantization: Quantization = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    share: Annotated[bool | None, typer.Option(help="Open a public link through Gradio.")] = None,
    replicas: Annotated[int | None, typer.Option(help="Model replicas behind the page, on Ray Serve.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Get a release that is not here without asking.")] = False,
) -> None:
    """Open the page."""
    chosen: dict[str, Any] = {
        "model": model, "movies": movies, "quantization": quantization, "host": host, "port": port, "share": share,
        "replicas": replicas,
    }  # fmt: skip
    settings = chosen_settings(**chosen)
    if settings.replicas:
        from llamavid_demo.chat.replicas import check_ray

        check_ray()
    get_if_wanted(settings, yes=yes)
    from llamavid_demo.ui import serve as serve_page

    serve_page(chosen_settings(**chosen))


app.command()(ask)


@app.command()
def ingest(
    movies: Annotated[list[Path], typer.Argument(help="Folders of movies/, their names, or video files.")],
    guide: Annotated[
        str | None, typer.Option(help="Make the frame tokens for this first question, not for any question.")
    ] = None,
    model: Model = None,
) -> None:
    """Read films ahead, so that the first question waits for nothing: patches (and frame tokens) on disk."""
    from llamavid_demo.chat.encoded_section import encode_section, make_rows, open_cache
    from llamavid_demo.chat.progress import finish
    from llamavid_demo.chat.section_reader import guide_ahead

    settings = chosen_settings(model=model)
    films = [chosen_movie(path, settings) for path in movies]
    loaded, cache = loaded_model(settings), open_cache(settings)
    read_for = guide if guide is not None else guide_ahead(loaded, settings)
    for film in films:
        for section in film.sections:
            with progress_bars(messages) as progress:
                encoded = finish(encode_section(loaded, film, section, cache), progress)
                if read_for is not None:
                    batches = encoded.batches(loaded.frames_at_once)
                    frames = loaded.section(loaded.section_prompt(encoded.texts(loaded)), read_for, batches)
                    finish(make_rows(loaded, encoded, frames, read_for, cache), progress)
            console.print(f"{film.title}, {section.label}: {len(encoded.times)} frames are in {settings.cache_dir}")


@app.command()
def cache(
    clear: Annotated[
        bool, typer.Option(help="Remove everything; films are read again when they are asked about.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what films left on disk when they were read: patches, and the frame tokens of first questions."""
    from llamavid_demo.chat.encoded_section import open_cache
    from llamavid_demo.cli.cache_table import cache_rows, cache_table

    settings = chosen_settings()
    kept = open_cache(settings)
    if clear:
        kept.clear()
    rows = cache_rows(kept.entries())
    if as_json:
        console.print_json(data={"folder": str(kept.folder), "max_bytes": kept.limit, "entries": rows})
    else:
        console.print(cache_table(rows, kept))


@app.command()
def plan(
    movie: Annotated[Path | None, typer.Argument(help="A movie; or give --minutes.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length to plan for, in minutes.")] = None,
    gpu_gb: Annotated[float, typer.Option(help="Memory of the card, in GB.")] = 24,
    model: Model = None,
    quantization: Quantization = None,
    as_json: AsJson = False,
) -> None:
    """Show frames, tokens and bytes of each section, and whether they fit. Weights are not read."""
    from llamavid_demo.cli.plan_table import plan_rows, plan_table

    if (movie is None) == (minutes is None) or (minutes is not None and minutes <= 0):
        raise QuestionError("Give either a movie or --minutes above 0.")
    settings = chosen_settings(model=model, quantization=quantization)
    film = chosen_movie(movie, settings) if movie is not None else None
    rows = plan_rows(settings, film, minutes, gpu_gb)
    if as_json:
        console.print_json(data=[row.as_dict(gpu_gb) for row in rows])
    else:
        console.print(plan_table(rows, gpu_gb))


app.command()(add)
app.command()(get)
app.command()(doctor)
app.command()(space)
app.command(name="eval")(evaluate)
app.command()(compare)
app.command()(subtitles)
app.command()(train)


def main() -> None:
    """Run a command; what a person caused is one line on stderr and exit code 2."""
    logging.basicConfig(
        level="WARNING", format="%(message)s", handlers=[RichHandler(console=messages, show_path=False)]
    )
    with told_in_a_line():
        app()


if __name__ == "__main__":
    main()
