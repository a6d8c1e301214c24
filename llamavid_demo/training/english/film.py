"""A film to learn from: what is said when, what the frames show, and conversations about it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.quotes import MOST_KEY_LINES, heard_at, key_lines, quote
from llamavid_demo.model.llama_vid.look_lines import Shown
from llamavid_demo.training.english.word_tokens import WordTokens

SUMMARY, TIME = "summary", "time"  # kinds of questions that are answered with several lines, or with a line's time


@dataclass(frozen=True)
class Turn:
    """A question with its answer; `lines` are the numbers of the cues that the answer rests on, `frames` of frames.

    Where the cue number `quoted` tells it, the answer is what is said there; of a summary, in all `lines`
    (`with_quotes`).
    """

    question: str
    answer: str
    lines: tuple[int, ...] = ()
    kind: str = ""
    frames: tuple[int, ...] = ()
    quoted: int | None = None


Talk = list[Turn]


class Pictures(Protocol):
    """What the frames of a film show, as tokens made of a LLaMA's word embeddings."""

    def contents(self, words: WordTokens) -> torch.Tensor:
        """Content tokens (T, H)."""

    def contexts(self, words: WordTokens, question: str, frames: Sequence[int]) -> torch.Tensor:
        """Context tokens (F, H) of some frames for a question; a neutral one is ""."""

    def shown(self, words: WordTokens, frames: Sequence[int]) -> list[Shown]:
        """What some frames show, in words."""


@dataclass
class Film:
    """Cues in order of time, `seconds` frames from `start` on, what they show, and talks.

    Talks are conversations that know nothing of each other. Without `pictures` frames show nothing known.
    """

    cues: list[Cue]
    start: int
    seconds: int
    talks: list[Talk]
    pictures: Pictures | None = None

    @property
    def times(self) -> list[float]:
        """The frames' times."""
        return [float(self.start + second) for second in range(self.seconds)]


def joined(first: Film, second: Film, pause: int) -> Film:
    """Two films, one after the other, as one; its talks are of both."""
    before, later = len(first.cues), first.start + first.seconds + pause - second.start

    def moved(turn: Turn) -> Turn:
        frames = tuple(first.seconds + pause + frame for frame in turn.frames)
        quoted = None if turn.quoted is None else before + turn.quoted
        return replace(turn, lines=tuple(before + line for line in turn.lines), frames=frames, quoted=quoted)

    talks = [[moved(turn) for turn in talk] for talk in second.talks]
    cues = [Cue(cue.start + later, cue.end + later, cue.text) for cue in second.cues]
    return Film([*first.cues, *cues], first.start, first.seconds + pause + second.seconds, [*first.talks, *talks])


def talks_of(turns: Sequence[Turn], after: Sequence[int | None], rng: random.Random) -> list[Talk]:
    """Turns in conversations of a few, in an order by chance; what follows up stays behind what it follows."""
    chains: dict[int, Talk] = {}
    head: dict[int, int] = {}
    for number, (turn, earlier) in enumerate(zip(turns, after, strict=True)):
        first = number if earlier is None else head[earlier]
        head[number] = first
        chains.setdefault(first, []).append(turn)
    order = list(chains.values())
    rng.shuffle(order)
    talks: list[Talk] = []
    while order:
        count = rng.choice((1, 1, 2, 3, 5))
        talks.append([turn for chain in order[:count] for turn in chain])
        order = order[count:]
    return talks


def with_quotes(film: Film) -> Film:
    """A film whose turns that quote a cue have the quote for an answer; a small model reads better than it words."""
    talks = [
        [turn if turn.quoted is None else replace(turn, answer=_quotes(film, turn, turn.quoted)) for turn in talk]
        for talk in film.talks
    ]
    return replace(film, talks=talks)


def _quotes(film: Film, turn: Turn, quoted: int) -> str:
    if turn.kind == SUMMARY:
        few = turn.lines[:: -(-len(turn.lines) // MOST_KEY_LINES)]  # it points to all of them
        return key_lines([film.cues[line]] for line in few)
    return heard_at(film.cues[quoted]) if turn.kind == TIME else quote(film.cues[quoted])
