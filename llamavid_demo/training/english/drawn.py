"""Drawn films to learn from: random scripts with ideal tokens, asked about in ordinary words."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.model.llama_vid.look_lines import Shown
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.questions import Question, ask, follow_up
from llamavid_demo.questions.ordinary import reworded
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.world import Script
from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.english.cast import cast_talk
from llamavid_demo.training.english.film import Film, Talk, Turn
from llamavid_demo.training.english.word_tokens import WordTokens
from llamavid_demo.training.ideal import asked_thing, content_words, context_words

KINDS = (
    FilmKind((3, 9), (1, 2), (2, 5), (0, 2), (1, 3), cues=14),
    FilmKind(shots=(1, 3), actors=(1, 2), cues=20, duration=(40, 150)),
    FilmKind((2, 8), (1, 4), (6, 12), (1, 3), (1, 3), changing=0.3),
)
SHORT = (FilmKind((1, 3), (1, 2), (1, 3), (0, 1), (1, 3)), FilmKind((3, 6), (1, 1), (1, 2), (0, 1), (1, 2)))
SEEN = {
    "place": 3.0, "time": 2.0, "weather": 2.0, "colour": 3.0, "existence": 2.0, "where": 2.0, "action": 3.0,
    "contents": 3.0, "after": 2.0, "count": 1.0, "summary": 1.0, "outside": 0.5,
}  # fmt: skip
HEARD = {"about": 2.0, "says": 2.0, "speaks_first": 1.0, "who": 2.0, "said": 2.0, "absent": 2.0}
LONGEST = 240  # seconds


@dataclass(frozen=True)
class DrawnPictures:
    """Frames of a script, each the number of the shot that it shows; `noise` is what eyes add to every number."""

    script: Script
    frames: tuple[int, ...]
    seed: int
    noise: float = 0.02

    def contents(self, words: WordTokens) -> torch.Tensor:
        """Content tokens (T, H): place, time of day, weather, who is there."""
        rows = torch.stack([content_words(shot) for shot in self.script.shots]) @ words.drawn
        return self._seen(rows[list(self.frames)], "")

    def contexts(self, words: WordTokens, question: str, frames: Sequence[int]) -> torch.Tensor:
        """Context tokens (F, H): the thing that is asked for with its colour and action, else everybody's."""
        thing = asked_thing(question)
        rows = torch.stack([context_words(shot, thing) for shot in self.script.shots]) @ words.drawn
        return self._seen(rows[[self.frames[frame] for frame in frames]], question)

    def shown(self, words: WordTokens, frames: Sequence[int]) -> list[Shown]:
        """What some frames show, in words."""
        contents = self.contents(words)[list(frames)]
        return words.look_reader(contents, lambda asked, some: self.contexts(words, asked, [frames[i] for i in some]))

    def _seen(self, tokens: torch.Tensor, question: str) -> torch.Tensor:
        generator = torch.Generator().manual_seed(random.Random(f"{self.seed}/{question}").randrange(1 << 60))  # noqa: S311 - chance
        return tokens + self.noise * torch.randn(tokens.shape, generator=generator)


class Seeing(Protocol):
    """Eyes, and pictures as they see them; see `eyes.py`."""

    @property
    def shots(self) -> EncodedShots:
        """A pool of drawn shots."""

    def look(self, pictures: Sequence[tuple[int, int]], question: str | None) -> torch.Tensor:
        """Tokens (P, H) of pictures (shot, picture) of the pool: content tokens, or context tokens for a question."""


@dataclass(frozen=True)
class SeenPictures:
    """Frames of drawn shots as the eyes of the checkpoint see them, each a (shot, picture) of their pool."""

    eyes: Seeing
    frames: tuple[tuple[int, int], ...]

    def contents(self, words: WordTokens) -> torch.Tensor:
        """Content tokens (T, H)."""
        del words
        return self._tokens(self.frames, None)

    def contexts(self, words: WordTokens, question: str, frames: Sequence[int]) -> torch.Tensor:
        """Context tokens (F, H) of some frames for a question."""
        del words
        return self._tokens([self.frames[frame] for frame in frames], question or NEUTRAL_GUIDE)

    def shown(self, words: WordTokens, frames: Sequence[int]) -> list[Shown]:
        """What some frames show, in words."""
        contents = self._tokens([self.frames[frame] for frame in frames], None)
        return words.look_reader(contents, lambda asked, some: self.contexts(words, asked, [frames[i] for i in some]))

    def _tokens(self, pictures: Sequence[tuple[int, int]], question: str | None) -> torch.Tensor:
        once = list(dict.fromkeys(pictures))
        tokens = self.eyes.look(once, question)
        return tokens[[once.index(picture) for picture in pictures]]


DrawnShow = tuple[Script, DrawnPictures | SeenPictures]


def drawn_show(rng: random.Random, eyes: Seeing | None = None, kinds: Sequence[FilmKind] = KINDS) -> DrawnShow:
    """A film by chance, of at most four minutes, and its frames: ideal ones, or those that eyes see."""
    while True:
        kind = rng.choice(kinds)
        script, chosen = eyes.shots.film(rng, kind) if eyes else (random_script(rng, kind), [])
        if script.duration <= LONGEST:
            break
    shots = tuple(script.index_at(float(second)) for second in range(math.ceil(script.duration)))
    if eyes is None:
        return script, DrawnPictures(script, shots, rng.randrange(1 << 30))
    return script, SeenPictures(eyes, tuple(chosen[2 * shot + rng.randrange(2)] for shot in shots))


def drawn_film(rng: random.Random, eyes: Seeing | None = None, *, short: bool = False) -> Film:
    """A drawn film with its own dialogue; a `short` one is some seconds long, and asked as much."""
    script, pictures = drawn_show(rng, eyes, SHORT if short else KINDS)
    families = {**SEEN, **(HEARD if script.cues() else {"absent": 1.0})}
    if script.cues():
        del families["summary"]  # who asks what a film is about asks for what is said
    talks = [drawn_talk(script, families, rng.choice((1, 2, 3, 4)), rng) for _ in range(rng.randint(4, 6))]
    talks.insert(rng.randrange(len(talks)), cast_talk(script, rng.choice((1, 2, 3)), rng))
    cues = [Cue(*cue) for cue in script.cues()]
    return Film(cues, 0, math.ceil(script.duration), talks, pictures)


def drawn_talk(script: Script, families: dict[str, float], turns: int, rng: random.Random) -> Talk:
    """So many turns about a script, some of which follow up."""
    asked: list[Question] = []
    while len(asked) < turns:
        further = follow_up(asked[-1], script, rng) if asked and rng.random() < 0.3 else None
        question = further or ask(rng.choices(list(families), list(families.values()))[0], script, rng)
        if question:
            asked.append(question)
    return [drawn_turn(script, question, rng) for question in asked]


def drawn_turn(script: Script, question: Question, rng: random.Random) -> Turn:
    """A question in ordinary words with its answer."""
    text, answer = reworded(question, rng)
    lines = sorted({cue for part in question.parts for cue in part.cues})
    shots = {shot for part in question.parts for shot in part.shots}
    frames = tuple(second for second in range(math.ceil(script.duration)) if script.index_at(second) in shots)
    return Turn(text, answer, tuple(lines), f"drawn {question.family}", frames)
