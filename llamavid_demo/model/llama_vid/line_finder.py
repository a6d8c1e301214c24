"""Which of a film's spoken lines a question asks for: those with its words, or with words of a like meaning.

A small LLaMA answers from a line right before the question far better than from one a thousand tokens back.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch
from torch import nn

from llamavid_demo.model.real_world.named_tokens import WordEncoder, embed_words

NEAR = 0.2  # cosine of two words' embeddings, from which on they may mean the same
ALIKE = 0.6  # what a word counts that may mean the same, times that cosine; the word itself counts 1
LINE_BEFORE, LINE_BEHIND = 0.5, 0.1  # of their score, what a line gets from its neighbours: answers follow questions
EARLIER = 0.5  # what a word of the turn before counts, where the question points back
WORTH = 0.25  # of the best line's score, what a line must have
AT_AN_END = 3  # first or last lines, where a question asks for the beginning or the end
KEPT = 4096  # words whose embeddings are kept
_BEGINNING = frozenset(("begin", "beginning", "begins", "first", "opening", "start", "starts"))
_END = frozenset(("end", "ending", "ends", "final", "finally", "last"))
_PRONOUNS = frozenset(("he", "her", "him", "his", "it", "its", "she", "their", "them", "they"))
_POINTING = _PRONOUNS | {"that", "then", "there", "this", "why"}
_THE_WHOLE = frozenset(("clip", "film", "movie", "plot", "story", "video"))
_POLITE = frozenset((
    "afternoon", "day", "evening", "good", "goodbye", "hello", "hi", "morning", "night", "please", "soon", "thank",
    "thanks",
))  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+|(?<![\d:])\d+(?![\d:])")  # the time of a cue is no number
_SMALL = frozenset(
    """
    a about again all also am an and any anybody anyone anything are as at be been before being but by can cant
    could did didn do does doesn doing don done end ever film for from get gets give gives go goes going had
    happen happened happens has have having he her here him his how i if in into is isn it its just kind know
    let like ll look made make makes many me mean more most movie much my name no not now of off ok on one only
    or our out over people plot re really recap right said say saying says scene see she should so some somebody
    someone something story summarise summarize summary tell tells than that the their them then there these
    they thing things think this those to too up us ve very video was we were what whats when where wheres which
    who whom whos whose why will with without would yes you your
    """.split()  # noqa: SIM905
)


class LineFinder:
    """Finds lines with a LLaMA's word embeddings `table` (V, H)."""

    def __init__(self, tokenizer: WordEncoder, table: torch.Tensor) -> None:
        self._tokenizer, self._table = tokenizer, table
        self._middle = table.float().mean(dim=0)
        self._embedded = lru_cache(KEPT)(self._embed)

    def __call__(self, lines: Sequence[str], question: str, earlier: str = "", *, most: int) -> list[int]:
        """Numbers, ascending, of at most so many lines; `earlier` is the turn before this question.

        A question without a word to look for, such as "What is it about?", gets the first line, the last one, and
        some with the words that most lines have.
        """
        spoken = [telling_words(line) for line in lines]
        every = frozenset(_WORD.findall(question.lower()))
        asked = dict.fromkeys(telling_words(question), 1.0)
        if _points_back(question, _POINTING) or (not asked and not every & _THE_WHOLE):
            asked = dict.fromkeys(telling_words(earlier), EARLIER) | asked
        numbers = range(len(lines))
        ends = [*numbers[-AT_AN_END:]] if _END & every else []
        ends += numbers[:AT_AN_END] if _BEGINNING & every else ()
        if asked:
            found = [*ends, *(self._naming(spoken, asked) if any(spoken) else ())]
        else:
            found = ends or [*numbers[-1:], *numbers[:1], *_central(spoken, most)]
        return sorted(list(dict.fromkeys(found))[:most])

    def _naming(self, spoken: Sequence[Sequence[str]], asked: Mapping[str, float]) -> list[int]:
        """Numbers of the lines that have words that are asked for, the best first."""
        scores = self._scores(spoken, asked)
        least = WORTH * max(scores)
        return sorted((i for i, score in enumerate(scores) if score > least), key=lambda i: -scores[i])

    def _scores(self, spoken: Sequence[Sequence[str]], asked: Mapping[str, float]) -> list[float]:
        """How much each line has of the words that are asked for; one that few lines have counts more."""
        own = [0.0] * len(spoken)
        for weight, row in zip(asked.values(), self._alike(spoken, list(asked)), strict=True):
            rarity = math.log(1 + len(spoken) / max(sum(row), 1.0))
            own = [score + weight * rarity * has for score, has in zip(own, row, strict=True)]
        around = zip([0.0, *own[:-1]], own, [*own[1:], 0.0], strict=True)
        return [LINE_BEFORE * before + score + LINE_BEHIND * behind for before, score, behind in around]

    def _alike(self, spoken: Sequence[Sequence[str]], asked: Sequence[str]) -> list[list[float]]:
        """For each word that is asked for, how near each line's nearest word is: 1 for the word itself."""
        said = list(dict.fromkeys(word for words in spoken for word in words))
        unit = torch.stack([self._embedded(word) for word in (*asked, *said)])
        near = unit[: len(asked)] @ unit[len(asked) :].T
        worths: list[list[float]] = torch.where(near > NEAR, ALIKE * near, 0.0).tolist()
        found = []
        for word, row in zip(asked, worths, strict=True):
            worth = dict(zip(said, row, strict=True)) | {word: 1.0}
            found.append([max((worth[other] for other in words), default=0.0) for words in spoken])
        return found

    def _embed(self, word: str) -> torch.Tensor:
        """A word's embedding (H,), of length one."""
        embedded = embed_words(self._tokenizer, self._table, [word], middle=self._middle)
        return nn.functional.normalize(embedded, dim=-1)[0]


def _central(spoken: Sequence[Sequence[str]], most: int) -> list[int]:
    """Numbers of so many lines with the words that most lines have, what one has told counting half for the next."""
    counts = dict[str, float](Counter(word for words in spoken for word in {*words})) | dict.fromkeys(_POLITE, 0.0)
    found: list[int] = []
    for _ in range(min(most, len(spoken))):
        others = (number for number in range(len(spoken)) if number not in found)
        found.append(max(others, key=lambda number: sum(counts[word] for word in {*spoken[number]})))
        counts |= {word: counts[word] / 2 for word in spoken[found[-1]]}
    return found


def about_one_named_before(question: str) -> bool:
    """Whether a question's pronoun stands for somebody or something in the turn before."""
    return _points_back(question, _PRONOUNS)


def _points_back(question: str, pointing: frozenset[str]) -> bool:
    """Whether a question points back with one of these words, and is not about the whole film."""
    words = {*_WORD.findall(question.lower())}
    return bool(words & pointing) and not words & _THE_WHOLE


def telling_words(text: str) -> list[str]:
    """Words and numbers of a text that say something."""
    words = (word for word in _WORD.findall(text.lower()) if len(word) > 1 or word.isdigit())
    return [word for word in words if word not in _SMALL]
