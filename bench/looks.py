"""Second questions about films that were read ahead, by way to look again: which frames, what they replace, where.

The table in the embedded checkpoint's card. All ways answer the same questions about the same films in one pass.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Annotated, Any

import typer
from rich.progress import track

from bench.results import RESULTS, Out, Row, publish
from bench.ways_to_look import CHOICES, LookingFrames, SeenFilm, Way
from llamavid_demo.evaluation.evaluate import Answered, films_of, scores, second_turn_film
from llamavid_demo.evaluation.greedy import ReadSection, begin, finish, read_section
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.model.prompt import SectionPrompt
from llamavid_demo.questions import Question
from llamavid_demo.settings import Settings
from llamavid_demo.storybook.frame_cues import cue_texts
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.storybook.shots import film_frames

COLUMNS = {
    "film read for": "{read_for}",
    "looks again at": "{looked_at}",
    "chosen by": "{chosen_by}",
    "stale context tokens": "{stale}",
    "positions": "{positions}",
    "right": "{right:.1%}",
    "95 % interval": "{low:.0%} to {high:.0%}",
    "n": "{n}",
}
READ_FOR = {"ahead": "a neutral question", "first": "the first question", "every": "each question"}
STALE = {"none": "visible", "theirs": "those looked at again hidden", "all": "hidden"}
WAYS = (
    Way("ahead"),
    Way("first"),
    Way("every"),
    *(Way(most=None, hidden=hidden, tail=tail) for hidden in ("none", "all") for tail in (False, True)),
    *(Way(most=32, hidden=hidden, tail=tail) for hidden in ("none", "theirs", "all") for tail in (False, True)),
    *(Way(most=most, hidden=hidden) for most in (64, 16) for hidden in ("none", "all")),
    *(Way(most=most, choose=choose) for choose in list(CHOICES)[1:] for most in (64, 32, 16)),
    Way(most=32, choose="spread evenly", hidden="none"),
)


def looks(
    films: Annotated[int, typer.Option(help="Films to render.")] = 24,
    seed: Annotated[int, typer.Option(help="Of the films.")] = 50,
    minutes: Annotated[float | None, typer.Option(help="Length of the films; one to three minutes when unset.")] = None,
    out: Out = RESULTS,
) -> None:
    """Which frames a second look should read, and what of the first reading it replaces: accuracy by way."""
    rows = measure(films, seed, films_of(minutes))
    publish("looks", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out, films=films, seed=seed, minutes=minutes)


def measure(films: int, seed: int, kind: FilmKind) -> list[Row]:
    """How many second questions each way answers right, all words of an answer counting."""
    model = load_model(Settings().model)
    if not isinstance(model, LoadedLlamaVid):
        raise typer.BadParameter("Only a LLaMA-VID looks again.")
    said: dict[Way, list[Answered]] = {way: [] for way in WAYS}
    for number in track(range(films), "Films"):
        script, asked = second_turn_film(seed, number, kind)
        patches, texts = model.patches(film_frames(script, model.frame_format)), cue_texts(script)
        prompt = model.section_prompt(texts)
        film = SeenFilm(model, patches, texts, prompt.frame_places(model.config.tokens_per_frame))
        read = cache(partial(read_section, model, prompt, patches=patches))  # by guide question
        for way, answers in said.items():
            answers += map(Answered, asked, _answer(film, prompt, read, asked, way))
    return [_row(way, answers) for way, answers in said.items()]


def _answer(
    film: SeenFilm, prompt: SectionPrompt, read: Callable[[str], ReadSection], asked: list[Question], way: Way
) -> list[str]:
    """What one way answers to second questions about a film, which it has `read` for guide questions."""
    model, writing = film.model, []
    for question in asked:
        earlier = [(question.earlier.text, question.earlier.answer)] if question.earlier else []
        words = model.words(prompt.last_cues, [*earlier, (question.text, None)], answers=model.config.answers)
        section = read({"ahead": NEUTRAL_GUIDE, "first": question.guide}.get(way.guide, question.text))
        if way.most != 0:
            section = replace(section, frames=LookingFrames(film, way))
        writing.append(begin(model, section, words, [*earlier, (question.text, None)]))
    if way.hidden == "theirs":  # rows of a batch that share a prefix share what they do not see, too
        return [finish(model, [row])[0] for row in writing]
    return finish(model, writing)


def _row(way: Way, answers: list[Answered]) -> Row:
    found, looked = scores(answers), way.most != 0
    low, high = found["interval"]
    return {
        "read_for": READ_FOR[way.guide],
        "looked_at": "all frames" if way.most is None else f"{way.most} frames" if looked else "–",
        "chosen_by": way.choose if looked and way.most else "–",
        "stale": STALE[way.hidden] if looked else "–",
        "positions": ("of the tail" if way.tail else "of the frames") if looked else "–",
        "right": found["accuracy"],
        "low": low,
        "high": high,
        "n": found["questions"],
    }


def _draw(axes: Any, rows: list[Row]) -> None:
    """The share of right answers of each way, with its interval."""
    axes.figure.set_size_inches(7, 5)
    right, low, high = ([row[key] for row in rows] for key in ("right", "low", "high"))
    margins = [[a - b for a, b in zip(*pair, strict=True)] for pair in ((right, low), (high, right))]
    axes.errorbar(right, range(len(rows)), xerr=margins, fmt=".", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=6)
    axes.invert_yaxis()
    axes.set(xlabel="second questions answered right, with 95 % intervals")


def _label(row: Row) -> str:
    if row["looked_at"] == "–":
        return f"read for {row['read_for']}"
    stale, where = row["stale"].removeprefix("those "), row["positions"].replace("of the frames", "–")
    parts = (row["looked_at"], row["chosen_by"], f"stale {stale}", where)
    return ", ".join(part for part in parts if part != "–")
