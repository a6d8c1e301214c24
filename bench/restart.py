"""A second start of the program on a film that it has read: first token against the first start's."""

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.processes import in_new_process
from bench.random_model import random_model
from bench.results import RESULTS, Out, Row, publish
from bench.stored_film import described_film, stored_film
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT, Settings

QUESTION = "Where does the film begin?"
MODEL, MOVIE = ROOT / "assets" / "llama-vid-tiny", ROOT / "movies" / "the-lost-map"
SPANS = {
    "program": "from the program's start",
    "chat": "from opening the chat",
    "question": "from the question",
}
COLUMNS = {
    "film": "{film}",
    "first token": "{span}",
    "first start": "{first_s:.3f} s",
    "second start": "{second_s:.3f} s",
    "ratio": "{ratio:.3f}",
}


def restart(
    model: Annotated[Path, typer.Option(help="Checkpoint folder.")] = MODEL,
    movie: Annotated[Path, typer.Option(help="A film that is read with it.")] = MOVIE,
    frames: Annotated[
        int, typer.Option(help="Length of a film for the middling model, its pictures stored; 0 for none.")
    ] = 600,
    out: Out = RESULTS,
) -> None:
    """First token after a restart, against the first start's; the first finds an empty cache folder."""
    in_new_process(_import)  # files of libraries are in the system's memory for both
    with tempfile.TemporaryDirectory() as folder:
        rows = _rows(movie.name, *(in_new_process(start, time.time(), model, movie, Path(folder)) for _ in range(2)))
    if frames:
        with tempfile.TemporaryDirectory() as folder:
            in_new_process(_store, frames, Path(folder))
            twice = [in_new_process(start_stored, time.time(), frames, Path(folder)) for _ in range(2)]
        rows += _rows(f"{frames} frames, pictures stored", *twice)
    publish("restart", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out)


def start(began: float, model: Path, movie: Path, cache: Path) -> dict[str, float]:
    """In a process that was started at `began` (Unix seconds): seconds from there, from opening a chat and from the
    question to the first token.
    """
    loaded, film = load_model(model), load_movie(movie)
    return _first_token(began, loaded, film, Settings(cache_dir=cache))


def start_stored(began: float, frames: int, folder: Path) -> dict[str, float]:
    """The same with the middling model and its film; its pictures are stored already."""
    return _first_token(began, random_model(), *described_film(frames, folder))


def _store(frames: int, folder: Path) -> None:
    stored_film(random_model(), frames, folder)


def _first_token(began: float, model: LoadedModel, movie: Movie, settings: Settings) -> dict[str, float]:
    opened = time.time()
    chat = MovieChat(model, movie, settings=settings)
    asked = time.time()
    turn = chat.ask(QUESTION, max_new_tokens=1).finish()
    assert turn.stats
    told = asked + turn.stats.ttft_s
    return {"program": told - began, "chat": told - opened, "question": told - asked}


def _import() -> None:
    """Whoever imports this module has imported what the program imports."""


def _rows(film: str, first: dict[str, float], second: dict[str, float]) -> list[Row]:
    return [
        {"film": film, "span": said, "first_s": first[span], "second_s": second[span],
         "ratio": second[span] / first[span]}
        for span, said in SPANS.items()
    ]  # fmt: skip


def _draw(axes: Any, rows: list[Row]) -> None:
    for offset, key, label in ((-0.2, "first_s", "first start"), (0.2, "second_s", "second start")):
        places = [place + offset for place in range(len(rows))]
        axes.barh(places, [row[key] for row in rows], height=0.4, label=label)
    axes.set_yticks(range(len(rows)), [f"{row['film']}\n{row['span']}" for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="seconds to the first token")
    axes.legend()
