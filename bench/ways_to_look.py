"""Ways to take a second look that do not ship: other frames, other context tokens left visible, other positions.

A `LookingFrames` stands in for a section's frames, so `train.greedy` reads and answers as it does for the shipped way.
"""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Literal

import torch
from torch import nn

from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.second_look import SAME_SHOT, before_turns, find_frames
from llamavid_demo.model.prompt import FRAME, Exchange, Look, Word
from llamavid_demo.model.section_frames import SectionFrames, WordsState

NEAR = 2  # frames on each side of a cue that count as near it


@dataclass(frozen=True)
class SeenFilm:
    """Patches (T, N, C) of a film, the `texts` said at its frames, and what questions have made of them so far."""

    model: LoadedLlamaVid
    patches: torch.Tensor
    texts: Sequence[str]
    places: Sequence[int]  # of its frames' first tokens in the LLaMA
    _contexts: dict[str, torch.Tensor] = field(default_factory=dict)

    def contexts(self, question: str) -> torch.Tensor:
        """A question's context tokens (T, H) of all frames, made once for all ways."""
        if question not in self._contexts:
            self._contexts[question] = self.model.context_tokens(self.patches, question)[:, 0]
        return self._contexts[question]


Choose = Callable[[SeenFilm, str, int], list[int]]  # film, question, most frames → their numbers, ascending


@dataclass(frozen=True)
class Way:
    """How a second question gets its context tokens.

    The film is read for a `guide` question. "ahead": each question looks again at `most` frames (None: all) that
    `choose` names; of the context tokens read with the film, words then do not see those that are `hidden`. Fresh
    tokens stand at their frames' positions, or with `tail` in a row behind the film.
    """

    guide: Literal["ahead", "first", "every"] = "ahead"
    most: int | None = 0
    choose: str = "content"
    hidden: Literal["none", "theirs", "all"] = "all"
    tail: bool = False


@dataclass
class LookingFrames(SectionFrames):
    """A film's frames as one conversation looks at them again in a given way."""

    film: SeenFilm
    way: Way
    _looks: list[Look] = field(default_factory=list)

    def rows(self) -> Generator[int, None, torch.Tensor]:
        """Nobody asks: the film was read before."""
        raise NotImplementedError

    def embed(self, ids: Sequence[int], rows: torch.Tensor) -> torch.Tensor:
        """Nobody asks: the film was read before."""
        raise NotImplementedError

    def look_again(
        self, words: Sequence[Word], turns: Sequence[Exchange], *, frames: int, visible: int, times: Sequence[float]
    ) -> tuple[list[Word], torch.Tensor | None]:
        """Words with the way's second looks, and which of the film's tokens they do not see (P,)."""
        del frames, times
        film, looks = self.film, []
        most = len(film.places) if self.way.most is None else self.way.most
        for question, _ in turns:
            chosen = CHOICES[self.way.choose](film, question, min(most, len(film.places)))
            looks.append([Word(FRAME, look=Look(question, frame, film.places[frame])) for frame in chosen])
        words = before_turns(words, looks, eos=film.model.tokenizer.eos)
        self._looks = [word.look for word in words if word.look]
        hidden = {"none": [], "theirs": [look.place for look in self._looks], "all": list(film.places)}
        stale = torch.zeros(visible, dtype=torch.bool)
        stale[hidden[self.way.hidden]] = True
        if self.way.tail:
            words = [Word(word.id) for word in words]
        return words, stale if stale.any() else None

    def embed_words(
        self, words: Sequence[Word], *, known: int = 0, state: WordsState | None = None
    ) -> Generator[int, None, torch.Tensor]:
        """Embeddings (1, W, H) of all words and second looks."""
        del known, state
        fresh = [self.film.contexts(look.question)[look.frame] for look in self._looks]
        yield len(fresh)
        return self.film.model.embed([word.id for word in words], torch.stack(fresh))


def by_content(film: SeenFilm, question: str, most: int) -> list[int]:
    """As shipped: frames whose content tokens the question's words name."""
    named = film.model.embed(film.model.tokenizer.encode(question.strip()))[0]
    return find_frames(film.model.contents(film.patches), named, most=most)


def by_attention(film: SeenFilm, question: str, most: int) -> list[int]:
    """Frames at which the question looks most sharply."""
    return sorted(_sharpness(film, question).topk(most).indices.tolist())


def by_attention_in_turns(film: SeenFilm, question: str, most: int) -> list[int]:
    """Each shot's frame with the sharpest look, the sharpest shots first, then each one's second, and so on."""
    seen = nn.functional.normalize(film.model.contents(film.patches).float(), dim=-1)
    shots = [0, *((seen[1:] * seen[:-1]).sum(dim=-1) < SAME_SHOT).cumsum(0).tolist()]
    taken: dict[int, int] = {}
    order: list[tuple[int, int, int]] = []
    for frame in _sharpness(film, question).argsort(descending=True, stable=True).tolist():
        taken[shots[frame]] = taken.get(shots[frame], 0) + 1
        order.append((taken[shots[frame]], len(order), frame))
    return sorted(frame for _, _, frame in sorted(order)[:most])


def by_cues(film: SeenFilm, question: str, most: int) -> list[int]:
    """Frames near the cues that share words with the question, rare words counting more; the rest spread evenly."""
    asked, said = _words(question), [_words(text) for text in film.texts]
    cues = [words for words in said if words]
    rare = {word: log(len(cues) / sum(word in words for words in cues)) for words in cues for word in words}
    score = [sum(rare[word] for word in words & asked) for words in said]
    best = sorted((frame for frame in range(len(said)) if score[frame] > 0), key=lambda frame: -score[frame])
    near = dict.fromkeys(frame + step for frame in best for step in sorted(range(-NEAR, NEAR + 1), key=abs))
    chosen = [frame for frame in near if 0 <= frame < len(said)][:most]
    left = [frame for frame in range(len(said)) if frame not in chosen]
    return sorted([*chosen, *(left[i] for i in _even(len(left), most - len(chosen)))])


def spread_evenly(film: SeenFilm, question: str, most: int) -> list[int]:
    """Frames spread evenly, whatever is asked."""
    del question
    return _even(len(film.places), most)


CHOICES: dict[str, Choose] = {
    "content": by_content,
    "attention": by_attention,
    "attention, shots in turns": by_attention_in_turns,
    "cues": by_cues,
    "spread evenly": spread_evenly,
}


def _sharpness(film: SeenFilm, question: str) -> torch.Tensor:
    """How far from even a question's attention on each frame's patches is, in nats (T,).

    Only the shape of a softmax can be compared between frames, as each sums to one.
    """
    shares = film.model.scores(film.patches, question).mean(dim=1)  # (T, N)
    return torch.xlogy(shares, shares).sum(dim=-1) + log(shares.shape[-1])


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _even(frames: int, most: int) -> list[int]:
    return [int((i + 0.5) * frames / most) for i in range(most)]
