"""The command `ask`: one question about a film, about pictures, or about nothing at all."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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
from llamavid_demo.cli.history import History
from llamavid_demo.cli.progress_bars import Bars, progress_bars
from llamavid_demo.errors import QuestionError
from llamavid_demo.options import ORIGINALS, Options
from llamavid_demo.settings import Settings

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn
    from llamavid_demo.film import Movie


def ask(
    question: Annotated[
        list[str],
        typer.Argument(
            metavar="[MOVIE] QUESTION",
            help="A folder of movies/, its name, a video file, or pictures; then what you want to know. Without a "
            "film the model answers by itself.",
        ),
    ],
    section: Annotated[
        str | None, typer.Option(help="Which section, from 0, which is the default; or all: the whole film.")
    ] = None,
    until: Annotated[
        float | None, typer.Option(help="No spoilers: know only what comes before this second of the film.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="From 0, the likeliest words, to 2, the most varied; 0 when unset. " + ORIGINALS["temperature"]
        ),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            help="Choose among the likeliest words that together have this probability; 1, all of them, when unset. "
            + ORIGINALS["top_p"]
        ),
    ] = None,
    repetition_penalty: Annotated[
        float | None,
        typer.Option(
            help="From 1, none, to 2: makes words less likely that the answer has. " + ORIGINALS["repetition_penalty"]
        ),
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(help="Longest answer, in tokens; 256 when unset. " + ORIGINALS["max_new_tokens"]),
    ] = None,
    guide: Annotated[
        str | None, typer.Option(help="Question that context tokens are built from: ahead, first or every.")
    ] = None,
    reads: Annotated[str, typer.Option(help="What the model may use: both, frames or subtitles.")] = "both",
    style: Annotated[str, typer.Option(help="Answers: any as the model likes, short or long.")] = "any",
    high_resolution: Annotated[
        bool, typer.Option("--high-resolution", help="LLaVA-Mini: read pictures in 2×2 parts besides the whole.")
    ] = False,
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
    """Ask one question about a film or pictures, or about nothing, and print the answer as it is written."""
    options = Options.read({
        "temperature": temperature, "top_p": top_p, "max_new_tokens": max_new_tokens, "until": until, "guide": guide,
        "reads": reads, "style": style, "repetition_penalty": repetition_penalty,
    })  # fmt: skip
    settings = chosen_settings(model=model, quantization=quantization)
    *named, words = question
    if not named and _is_there(words, settings):
        raise QuestionError(f"There is no question about {words}: put it behind, in quotes.")
    about = _about([Path(name) for name in named], settings)
    earlier = History(history) if history else None
    section = section or str((earlier and earlier.section) or 0)
    if section != "all" and not section.isdecimal():
        raise QuestionError(f"{section!r} is no section: give its number, from 0, or all.")
    loaded = loaded_model(settings)
    if high_resolution:
        from llamavid_demo.model.llava_mini.high_resolution import in_high_resolution

        loaded = in_high_resolution(loaded)
    with progress_bars(messages) as progress:
        turn, report = _turn(loaded, about, section, earlier, words, options, settings, progress)
        pieces = iter(turn)
        first = next(pieces, "")
    if as_json:
        turn.finish()
        console.print_json(data=report(turn))
    else:
        print(first, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print()
    if earlier:
        earlier.add(turn)


def _turn(
    model: Any,
    about: "Movie | list[Path]",
    section: str,
    earlier: History | None,
    question: str,
    options: Options,
    settings: Settings,
    progress: Bars,
) -> "tuple[Turn, Callable[[Turn], dict[str, Any]]]":
    """A question's turn, and what gives it as plain data."""
    from llamavid_demo.chat import MovieChat
    from llamavid_demo.chat.pictures import picture_chat
    from llamavid_demo.chat.text_only import ask_text, text_report
    from llamavid_demo.model.llama_vid.short import NO_PICTURE, as_short, fit_for

    turns, asked_at = earlier.turns() if earlier else [], time.perf_counter()
    if about == []:
        speaker = as_short(model, NO_PICTURE)
        return ask_text(speaker, question, options, settings, history=turns), partial(text_report, speaker)
    if isinstance(about, list):
        chat = picture_chat(as_short(model), about, settings)
    else:
        which: int | Literal["all"] = int(section) if section.isdecimal() else "all"
        chat = MovieChat(fit_for(model, about), about, which, settings=settings, progress=progress)
    chat.turns = turns
    if chat.foreign:
        messages.print(chat.foreign)
    turn = chat.ask(question, options)
    turn.asked_at = asked_at
    return turn, chat.report


def _about(paths: list[Path], settings: Settings) -> "Movie | list[Path]":
    """The film or the pictures that a question is about; no pictures where nothing is named."""
    from llamavid_demo.film.pictures import are_pictures

    return paths if are_pictures(paths) else chosen_movie(paths[0], settings)


def _is_there(words: str, settings: Settings) -> bool:
    """Whether what should be a question is a film or a file."""
    with suppress(OSError, ValueError):  # too long for a name
        return bool(words.strip()) and (Path(words).exists() or (settings.movies / words).exists())
    return False
