"""Film scenes written by hand, as subtitles, and what a viewer may ask of them: `scenes/`, a file a genre, CC0.

Beside them `small_talk.jsonl`: what people type that is not about the film, with an answer each.

A scene is a line of JSON: `id`, `title`, `cues` as [start, end, text], and `questions` with `q`, `a`, the numbers of
the `lines` that the answer rests on, their `kind`, and patterns that a right answer has (`accept`, of an unanswerable
one `UNSAID` if it has none) and has not (`reject`).
"""

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from llamavid_demo.film.cues import Cue

TAIL = 3  # seconds
KEPT = 8  # one scene in so many is kept for measuring
OF_ONE_SCENE = ("summary", "time")  # kinds of questions whose answers are others when scenes become one film
_TAG = re.compile(r"</?[ibu]>")  # subtitle parsers take them out, too
UNSAID = (  # what an answer to a question has that the scene does not answer, unless it says otherwise
    r"(\bnot|\bcannot|\bnever|n't|\bnobody|\bno one|\bnothing|\bnowhere|\bunknown|\bdoesn't)\s*(\w+\s+){0,4}?"
    r"(say|said|mention|told|tell|explain|given|give|name|clear|know|stated|revealed|shown|specified|learn|find out"
    r"|come up|hear|described|talk|spoken)|\bunknown\b"
)
FOLDER = Path(__file__).with_name("scenes")
SMALL_TALK = Path(__file__).with_name("small_talk.jsonl")


@dataclass(frozen=True)
class WrittenQuestion:
    """A question as a viewer types it, with a good answer and the numbers of the cues that it rests on.

    One without such cues has no answer in the scene. `after` is the number of the question that it follows up,
    `short` the shortest answer in the cues' own words.
    """

    text: str
    answer: str
    kind: str
    lines: tuple[int, ...]
    accept: str
    reject: str = ""
    after: int | None = None
    short: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the scene tells."""
        return bool(self.lines)

    def right(self, answer: str) -> bool:
        """Whether an answer says what it has to, and nothing that it must not."""
        said = re.search(self.accept, answer, re.IGNORECASE)
        wrong = self.reject and re.search(self.reject, answer, re.IGNORECASE)
        return bool(said) and not wrong


@dataclass(frozen=True)
class WrittenScene:
    """A scene of a film that nobody shot: its cues, and questions about them."""

    name: str
    genre: str
    title: str
    cues: tuple[Cue, ...]
    questions: tuple[WrittenQuestion, ...]

    @property
    def seconds(self) -> int:
        """Length of the scene; it goes on a little behind the last cue."""
        return int(self.cues[-1].end) + TAIL


def asked_before(questions: Sequence[WrittenQuestion], question: WrittenQuestion) -> list[tuple[str, str]]:
    """What a question follows up, in order, each with its good answer; `after` counts in `questions`."""
    before, turns = question.after, list[tuple[str, str]]()
    while before is not None:
        earlier = questions[before]
        turns.insert(0, (earlier.text, earlier.answer))
        before = earlier.after
    return turns


@dataclass(frozen=True)
class SmallTalk:
    """Something typed that is not about the film, such as a "greeting", and a friendly, honest answer."""

    kind: str
    text: str
    answer: str


def held_out(name: str) -> bool:
    """Whether a scene of this name is kept for measuring, and never trained on."""
    return zlib.crc32(name.encode()) % KEPT == 0


def one_film(scenes: Sequence[WrittenScene]) -> WrittenScene:
    """Scenes one after the other, with those questions that mean the same there.

    Those about the whole or about a time do not, and none that follows up one that is left out.
    """
    cues, questions, begin = list[Cue](), list[WrittenQuestion](), 0
    for scene in scenes:
        places = dict[int | None, int | None]([(None, None)])
        for number, one in enumerate(scene.questions):
            if one.kind not in OF_ONE_SCENE and one.after in places:
                places[number] = len(questions)
                lines = tuple(len(cues) + line for line in one.lines)
                questions.append(replace(one, lines=lines, after=places[one.after]))
        cues += [replace(cue, start=begin + cue.start, end=begin + cue.end) for cue in scene.cues]
        begin += scene.seconds
    first = scenes[0]
    return WrittenScene("+".join(scene.name for scene in scenes), first.genre, first.title, (*cues,), (*questions,))


def small_talk() -> list[SmallTalk]:
    """All of it, in the order of its file."""
    lines = map(json.loads, SMALL_TALK.read_text("utf-8").splitlines())
    return [SmallTalk(line["kind"], line["q"], line["a"]) for line in lines]


@cache
def written_scenes() -> tuple[WrittenScene, ...]:
    """All of them, in the order of their files. Reading them takes seconds, so it is done once."""
    paths = sorted(FOLDER.glob("*.jsonl"))
    return tuple(_scene(path.stem, json.loads(line)) for path in paths for line in path.read_text("utf-8").splitlines())


def _scene(genre: str, scene: dict[str, Any]) -> WrittenScene:
    cues = tuple(Cue(start, end, _TAG.sub("", text)) for start, end, text in scene["cues"])
    return WrittenScene(scene["id"], genre, scene["title"], cues, tuple(map(_question, scene["questions"])))


def _question(given: dict[str, Any]) -> WrittenQuestion:
    return WrittenQuestion(
        given["q"], given["a"], given["kind"], tuple(given["lines"]), given.get("accept", UNSAID),
        given.get("reject") or "", given.get("after"), given.get("s") or "",
    )  # fmt: skip
