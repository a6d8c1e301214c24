"""The layouts of public benchmarks of video questions: how a file of questions is read, how predictions are written.

Known are MSVD-QA and MSRVTT-QA, ActivityNet-QA, Video-MME, EgoSchema and TVQA (clips of Friends and other series), and
a plain one: `video`, `question`, `answer` or `options`, and, if you like, `id` and `subtitles`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from llamavid_demo.errors import BenchmarkError
from llamavid_demo.evaluation.squad import squad_words

Row = Mapping[str, Any]


@dataclass(frozen=True)
class BenchmarkQuestion:
    """A question about a clip that goes by the name `clip`, and the `row` of the file that it stands in.

    The true `answer` is a text, or of `options` the one of number `right`; None where the file doesn't tell.
    """

    id: str
    clip: str
    text: str
    row: Row
    answer: str | None = None
    options: tuple[str, ...] = ()
    right: int | None = None
    subtitles: str | None = None
    group: str = ""

    @property
    def told(self) -> bool:
        """Whether the true answer is known."""
        return (self.right if self.options else self.answer) is not None


@dataclass(frozen=True)
class Layout:
    """Under which names a file keeps what; of several the first that a row has.

    `predictions` is the scorer's file. About `short` clips the originals ask as about pictures, not as about movies.
    """

    name: str
    clip: tuple[str, ...]
    predictions: str
    id: str = "id"
    question: str = "question"
    answer: str = "answer"
    options: tuple[str, ...] = ()
    group: str = ""
    short: bool = False

    def fits(self, row: Row) -> bool:
        """Whether a row is of this layout."""
        ids = () if self.name == "plain" else (self.id,)
        needed = {self.question, *ids, *self.options}
        return needed <= row.keys() and any(name in row for name in self.clip)

    def read(self, row: Row, number: int) -> BenchmarkQuestion:
        """Question `number` of a file. Raises `BenchmarkError` for an answer that is no option."""
        id = str(row.get(self.id, number))
        clip = next(str(row[name]) for name in self.clip if name in row)
        given = [row[name] for name in self.options or ("options",) if row.get(name)]
        options = tuple(map(str, given[0] if given and isinstance(given[0], list) else given))
        answer, subtitles, group = row.get(self.answer), row.get("subtitles"), row.get(self.group)
        right = _right(answer, options, id) if options and answer is not None else None
        return BenchmarkQuestion(
            id, clip, str(row[self.question]), row,
            answer=None if answer is None or options else str(answer), options=options, right=right,
            subtitles=str(subtitles) if subtitles else None, group="" if group is None else f"{self.group} {group}",
        )  # fmt: skip


LAYOUTS = (
    Layout(
        "Video-MME", ("videoID", "video_id"), "predictions.json", "question_id", options=("options",), group="duration"
    ),
    Layout("EgoSchema", ("q_uid",), "predictions.json", "q_uid", options=tuple(f"option {n}" for n in range(5))),
    Layout("TVQA", ("vid_name",), "predictions.json", "qid", "q", "answer_idx", tuple(f"a{n}" for n in range(5))),
    Layout("ActivityNet-QA", ("video_name",), "predictions.jsonl", "question_id", group="type", short=True),
    Layout("MSVD-QA", ("video_id",), "predictions.jsonl", short=True),  # MSRVTT-QA is the same
    Layout("plain", ("video",), "predictions.jsonl"),
)


def read_benchmark(path: Path, answers: Path | None = None) -> tuple[Layout, list[BenchmarkQuestion]]:
    """A file of questions, JSON or a JSON object a line, and its layout; `answers` is a file of theirs apart.

    Raises `BenchmarkError`.
    """
    rows = [row for read in _rows(path) for row in _questions(read)]
    layout = next((layout for layout in LAYOUTS if rows and all(map(layout.fits, rows))), None)
    if layout is None:
        shown = ", ".join(sorted(rows[0])[:12]) if rows else "none"
        raise BenchmarkError(
            f"{path} is of no known layout (the names in it: {shown}): give questions of {known_layouts()}, or rows "
            "with video, question and answer."
        )
    told = _answers(answers, layout) if answers else {}
    rows = [{**row, **told.get(str(row.get(layout.id)), {})} for row in rows]
    questions = [layout.read(row, number) for number, row in enumerate(rows)]
    if len({question.id for question in questions}) < len(questions):
        raise BenchmarkError(f"{path} has several questions with the same {layout.id}: give each its own.")
    return layout, questions


def known_layouts() -> str:
    """The public layouts, for people."""
    return ", ".join(layout.name for layout in LAYOUTS[:-1])


def predictions(layout: Layout, questions: Sequence[BenchmarkQuestion], said: Mapping[str, str]) -> str:
    """The text of the file that the layout's public scorer reads; `said` are answers by the questions' ids.

    EgoSchema's and TVQA's want the number of an option, -1 for an answer that names none.
    """
    answered = [question for question in questions if question.id in said]
    if layout.name in ("EgoSchema", "TVQA"):
        chosen = {one.id: chosen_option(said[one.id], one.options) for one in answered}
        return json.dumps({id: -1 if number is None else number for id, number in chosen.items()}, indent=1)
    if layout.name == "Video-MME":
        return json.dumps(_by_video(questions, said), indent=1, ensure_ascii=False)
    rows = [{"id": one.id, **one.row, "pred": said[one.id]} for one in answered]
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def chosen_option(said: str, options: Sequence[str]) -> int | None:
    """Which option an answer names, by its letter or by its words; None when it names none."""
    letters = ascii_uppercase[: len(options)]
    for pattern in (rf"^\W*([{letters}])\s*([.):,]|$)", rf"\b(?:[Aa]nswer|[Oo]ption)\b(?: is)?\W*([{letters}])\b"):
        if found := re.search(pattern, said.strip(), re.MULTILINE):
            return letters.index(found[1])
    bare = [_spaced(_bare(option)) for option in options]
    named = [number for number, words in enumerate(bare) if words.strip() and words in _spaced(said)]
    longest = max(named, key=lambda number: len(bare[number]), default=None)  # "red" is in "red car" too
    others = [number for number in named if longest is not None and bare[number] not in bare[longest]]
    return None if others else longest


def lettered(options: Sequence[str]) -> list[str]:
    """Options as they are shown: each behind its letter."""
    return [f"{letter}. {_bare(option)}" for letter, option in zip(ascii_uppercase, options, strict=False)]


def _bare(option: str) -> str:
    """An option without its letter, which Video-MME has in front."""
    return re.sub(r"^[A-Z][.)]\s+", "", option.strip())


def _spaced(text: str) -> str:
    return f" {' '.join(squad_words(text))} "


def _right(answer: Any, options: Sequence[str], id: str) -> int:
    """The number of the right option, that is stated by its number, letter or text."""
    stated, bare = str(answer), [_bare(option) for option in options]
    if stated in bare and not isinstance(answer, int):
        return bare.index(stated)
    for names in (list(ascii_uppercase), list(map(str, range(len(options))))):
        if stated in names[: len(options)]:
            return names.index(stated)
    raise BenchmarkError(f"The answer of question {id}, {answer!r}, is none of its options: give a letter or a number.")


def _questions(row: Row) -> Iterator[Row]:
    """A row's questions, each with what is said of their video: Video-MME keeps them together, or apart."""
    if isinstance(row.get("questions"), list):
        video = {name: value for name, value in row.items() if name != "questions"}
        yield from ({**video, **question} for question in row["questions"])
    else:
        yield row


def _by_video(questions: Sequence[BenchmarkQuestion], said: Mapping[str, str]) -> list[dict[str, Any]]:
    """Video-MME's results: questions by video, each with its `response`, "" where there is none."""
    videos: dict[str, dict[str, Any]] = {}
    own = ("question_id", "task_type", "question", "options", "answer")
    for one in questions:
        about = {name: value for name, value in one.row.items() if name not in own}
        video = videos.setdefault(str(about.get("video_id", one.clip)), {**about, "questions": []})
        kept = {name: one.row[name] for name in own if name in one.row}
        video["questions"].append({**kept, "response": said.get(one.id, "")})
    return list(videos.values())


def _answers(path: Path, layout: Layout) -> dict[str, Row]:
    """What a file of answers says of each question, by ids: ActivityNet-QA's rows, EgoSchema's one object."""
    rows = _rows(path)
    if all(layout.id in row for row in rows):
        return {str(row[layout.id]): row for row in rows}
    return {id: {layout.answer: answer} for row in rows for id, answer in row.items()}


def _rows(path: Path) -> list[Row]:
    """The objects of a file that is JSON or has one a line. Raises `BenchmarkError`."""
    try:
        text = path.read_text("utf-8-sig")
        try:
            read = json.loads(text)
        except ValueError:
            read = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f"{path} cannot be read as JSON ({error}): give a list, or an object a line.") from None
    rows = [read] if isinstance(read, dict) else read
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BenchmarkError(f"{path} holds no list of objects: give questions as a list, or an object a line.")
    return rows
