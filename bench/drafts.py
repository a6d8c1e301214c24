"""Tokens a second with and without drafts, of answers about a bundled film by a checkpoint that quotes."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.results import RESULTS, Out, Row, publish
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.model.load import load_chosen_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT, Settings

QUESTIONS = (
    "What is this film about?",
    "What happened to the lantern?",
    "What did Hugo see?",
    "Where was Nora on Sunday night?",
    "Why is nobody allowed to leave the beach?",
    "Why did Otto hit the rock?",
)
COLUMNS = {
    "question": "{question}",
    "tokens": "{tokens}",
    "one by one": "{plain_tokens_per_s:.1f} tokens/s",
    "with drafts": "{drafted_tokens_per_s:.1f} tokens/s",
    "faster": "{faster:.2f}×",
    "the same answer": "{same}",
}


def drafts(
    film: Annotated[Path, typer.Option(help="Folder or file of the film.")] = ROOT / "movies" / "forty-one-steps",
    model: Annotated[str, typer.Option(help="Checkpoint.")] = "assets/llama-vid-135m",
    rounds: Annotated[int, typer.Option(help="The fastest of so many counts, in turns.")] = 2,
    out: Out = RESULTS,
) -> None:
    """Drafts of answers' next tokens against one token a step."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(model=model, cache_dir=Path(folder))
        loaded, movie = load_chosen_model(settings), load_movie(film)
        answer(loaded, movie, settings)  # warms up
        plain, drafted = list[list[Row]](), list[list[Row]]()
        for _ in range(rounds):
            plain.append(answer(loaded, movie, settings.model_copy(update={"drafts": False})))
            drafted.append(answer(loaded, movie, settings))
    rows = [compared(*both) for both in zip(*map(fastest, (plain, drafted)), strict=True)]
    rows.append(compared(*(total(fastest(found)) for found in (plain, drafted))))
    publish("drafts", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out, model=model, film=film.name)


def answer(model: LoadedModel, movie: Movie, settings: Settings) -> list[Row]:
    """Answers to the questions, asked in one conversation; tokens and seconds from the first on."""
    chat, rows = MovieChat(model, movie, settings=settings), list[Row]()
    for question in QUESTIONS:
        turn = chat.ask(question)
        turn.finish()
        assert turn.stats
        tokens = turn.stats.new_tokens - 1
        rows.append(
            {"question": question, "answer": turn.text, "tokens": tokens, "seconds": tokens / turn.stats.tokens_per_s}
        )
    return rows


def fastest(rounds: list[list[Row]]) -> list[Row]:
    """Of each question the round that took least."""
    return [min(rows, key=lambda row: row["seconds"]) for rows in zip(*rounds, strict=True)]


def total(rows: list[Row]) -> Row:
    """All questions as one."""
    sums = {name: sum(row[name] for row in rows) for name in ("tokens", "seconds")}
    return {"question": "all", "answer": "".join(row["answer"] for row in rows), **sums}


def compared(plain: Row, drafted: Row) -> Row:
    """The same question both ways."""
    return {
        "question": plain["question"],
        "tokens": drafted["tokens"],
        "plain_tokens_per_s": plain["tokens"] / plain["seconds"],
        "drafted_tokens_per_s": drafted["tokens"] / drafted["seconds"],
        "faster": plain["seconds"] / drafted["seconds"],
        "same": "yes" if plain["answer"] == drafted["answer"] else "no",
    }


def _draw(axes: Any, rows: list[Row]) -> None:
    places = range(len(rows))
    axes.barh([place - 0.2 for place in places], [row["plain_tokens_per_s"] for row in rows], 0.4, label="one by one")
    axes.barh([place + 0.2 for place in places], [row["drafted_tokens_per_s"] for row in rows], 0.4, label="drafts")
    axes.set_yticks(list(places), [row["question"] for row in rows])
    axes.set(xlabel="tokens a second")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2)
