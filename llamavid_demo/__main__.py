"""Command line: serve the page, ask from a shell, read films ahead, plan what fits, evaluate and train."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.logging import RichHandler

from llamavid_demo.cli.adding import add
from llamavid_demo.cli.common import (
    AsJson,
    Model,
    Quantization,
    chosen_movie,
    chosen_settings,
    console,
    loaded_model,
    messages,
)
from llamavid_demo.cli.doctor import doctor
from llamavid_demo.cli.evaluating import compare, evaluate
from llamavid_demo.cli.getting import get, get_if_wanted
from llamavid_demo.cli.history import History
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.cli.space import space
from llamavid_demo.cli.subtitling import subtitles
from llamavid_demo.errors import DemoError, QuestionError
from llamavid_demo.options import Options

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Talk with a film.", pretty_exceptions_enable=False)


@app.command()
def serve(
    model: Model = None,
    movies: Annotated[Path | None, typer.Option(help="Folder of films.")] = None,
    quantization: Quantization = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    share: Annotated[bool | None, typer.Option(help="Open a public link through Gradio.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Get a release that is not here without asking.")] = False,
) -> None:
    """Open the page."""
    chosen: dict[str, Any] = {
        "model": model, "movies": movies, "quantization": quantization, "host": host, "port": port, "share": share,
    }  # fmt: skip
    get_if_wanted(chosen_settings(**chosen), yes=yes)
    from llamavid_demo.ui import serve as serve_page

    serve_page(chosen_settings(**chosen))


@app.command()
def ask(
    movie: Annotated[Path, typer.Argument(help="A folder of movies/, its name, or a video file.")],
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    section: Annotated[
        str | None, typer.Option(help="Which section, from 0, which is the default; or all: the whole film.")
    ] = None,
    until: Annotated[
        float | None, typer.Option(help="No spoilers: know only what comes before this second of the film.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="From 0, the likeliest words, to 2, the most varied; 0 when unset.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Choose among the likeliest words that together have this probability.")
    ] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    guide: Annotated[
        str | None, typer.Option(help="Question that context tokens are built from: ahead, first or every.")
    ] = None,
    reads: Annotated[str, typer.Option(help="What the model may use: both, frames or subtitles.")] = "both",
    style: Annotated[str, typer.Option(help="Answers: any as the model likes, short or long.")] = "any",
    history: Annotated[
        Path | None,
        typer.Option(
            help='JSON file of earlier turns: [{"question": …, "answer": …}], or a conversation that the page saved, '
            "whose section is then the default; it is extended."
        ),
    ] = None,
    model: Model = None,
    quantization: Quantization = None,
    as_json: AsJson = False,
) -> None:
    """Ask one question and print the answer as it is written."""
    from llamavid_demo.chat import MovieChat

    options = Options.read({
        "temperature": temperature, "top_p": top_p, "max_new_tokens": max_new_tokens, "until": until, "guide": guide,
        "reads": reads, "style": style,
    })  # fmt: skip
    settings = chosen_settings(model=model, quantization=quantization)
    film = chosen_movie(movie, settings)
    earlier = History(history) if history else None
    section = section or str((earlier and earlier.section) or 0)
    if section != "all" and not section.isdecimal():
        raise QuestionError(f"{section!r} is no section: give its number, from 0, or all.")
    loaded = loaded_model(settings)
    with progress_bars(messages) as progress:
        which: int | Literal["all"] = int(section) if section.isdecimal() else "all"
        chat = MovieChat(loaded, film, which, settings=settings, progress=progress)
        chat.turns = earlier.turns() if earlier else []
        if chat.foreign:
            messages.print(chat.foreign)
        turn = chat.ask(question, options)
        pieces = iter(turn)
        first = next(pieces, "")
    if as_json:
        turn.finish()
        console.print_json(data=chat.report(turn))
    else:
        print(first, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print()
    if earlier:
        earlier.add(turn)


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


@app.command()
def train(
    system: Annotated[Literal["llama-vid", "llava-mini"], typer.Option(help="Which model to train.")] = "llama-vid",
    out: Annotated[Path | None, typer.Option(help="Folder for the checkpoint; runs/SYSTEM-tiny when unset.")] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder for the state of an unfinished run; one in runs/ when unset.")
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            help="LLaMA-VID to begin with: for LLaVA-Mini and --compress the embedded one when unset; else nothing, "
            "or one that is only to learn second looks."
        ),
    ] = None,
    compress: Annotated[
        str, typer.Option(help="LLaMA-VID's content tokens: mean, or a variant tuned from --base: grid:2, or none.")
    ] = "mean",
    compressor: Annotated[
        int, typer.Option(min=1, max=8, help="LLaVA-Mini's compressor size: so many squared are the tokens of a frame.")
    ] = 1,
    resume: Annotated[bool, typer.Option(help="Go on where a killed run stopped.")] = True,
) -> None:
    """Train an embedded model from nothing, or others from LLaMA-VID; killed at any moment, it goes on."""
    from llamavid_demo.training import run as llama_vid
    from llamavid_demo.training import variants
    from llamavid_demo.training.llava_mini import run as llava_mini
    from llamavid_demo.training.llava_mini.recipe import embedded
    from llamavid_demo.training.stages import Progress

    def report(at: Progress) -> None:
        scores = ", ".join(f"{name} {score:.0%}" for name, score in sorted(at.scores.items()))
        console.print(f"{at.stage}, step {at.step} of {at.steps}, {at.seconds:.0f} s: loss {at.loss:.3f}; {scores}")

    out = out or Path(f"runs/{system}-tiny")
    if system == "llava-mini":
        work = work or (llava_mini.WORK if compressor == 1 else Path(f"{llava_mini.WORK}-{compressor**2}"))
        recipe = partial(embedded, compressor_size=compressor)
        llava_mini.run(out, base=base or llava_mini.BASE, work=work, recipe=recipe, resume=resume, report=report)
    elif compress != "mean":
        work, kind = work or variants.WORK, None if compress == "none" else compress
        variants.tune(out, kind, base=base or variants.BASE, work=work, resume=resume, report=report)
    else:
        work = work or (llama_vid.WORK if base is None else Path("runs/looking"))
        llama_vid.run(out, work=work, resume=resume, report=report, base=base)
    console.print(f"The checkpoint is in {out}, the learning curves in {work / 'curves.png'}.")


def main() -> None:
    """Run a command; what a person caused is one line on stderr and exit code 2."""
    logging.basicConfig(
        level="WARNING", format="%(message)s", handlers=[RichHandler(console=messages, show_path=False)]
    )
    try:
        app()
    except DemoError as error:
        messages.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
    except ValidationError as error:
        for wrong in error.errors():
            messages.print(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}, not {wrong['input']!r}.", style="red")
        sys.exit(2)


if __name__ == "__main__":
    main()
