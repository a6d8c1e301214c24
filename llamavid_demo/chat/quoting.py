"""Answers that quote: what follows a quotation mark, yes or no, or another opening, is copied from lines that the model
looks at.

For models that learned to (`quotes` in their config). They choose between words of their own and a copy, as
pointer-generator networks do (See et al. 2017), but copy whole lines, so that nothing is quoted that nobody said.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.chat.first_word import MARK
from llamavid_demo.chat.yes_or_no import NO, YES, about, coverage
from llamavid_demo.film.cues import Cue
from llamavid_demo.film.quotes import (
    HEARD_AT,
    KEY_LINES,
    exchange_of,
    heard_at,
    key_lines,
    quote,
    sentence_of,
)
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.llama_vid.line_finder import LINE_BEFORE, LINE_BEHIND
from llamavid_demo.model.loaded import LoadedModel, TextTokenizer
from llamavid_demo.model.prompt import FRAME, Word

OPENINGS = (MARK, HEARD_AT, KEY_LINES, YES, NO)
WORTH_QUOTING = 0.3  # of what the line counts that counts most
# Attention alone finds the line for 71 of 100 questions about scenes of two minutes, and for 55 when five of them are
# one film. What is repeated before the question counts three times, and a line more by its share of the question's
# words, or by that of the line before, which it may answer: so it finds 74 and 59, and quotes no more.
LOOKED, WORDLESS = 3.0, 0.2
# Four key lines that lie apart, another one within an eighth of the cues counting a tenth: 68 % of 62 scenes never
# trained on are summed up right by patterns, by three lines 58 to 61 %.
SEVERAL, APART, NEARBY = 4, 1 / 8, 0.1
# A time is that of the first of three cues that has most of the question's words: of 47 such questions about scenes
# never trained on 33 are told right so, and 28 by the cue that got most of the attention.
MENTIONS = 3
THE_END = 1 / 4  # of the cues, where a question asks how it ends
_WHEN = re.compile(r"\bwhen\b", re.I)
_END, _MORE = re.compile(r"\b(end|ended|ending|ends|finish|finishes)\b", re.I), re.compile(r"\b(about|and)\b", re.I)
Choose = Callable[[torch.Tensor, Sequence[int]], int]


class Quoting:
    """Chooses an answer's ids as `choose` does, and behind one of the `OPENINGS` those of its text of `quoted`."""

    def __init__(self, choose: Choose, tokenizer: TextTokenizer, quoted: Callable[[str], str]) -> None:
        self._choose, self._tokenizer, self._quoted = choose, tokenizer, quoted
        self._openings = {opening: tokenizer.encode(opening) for opening in OPENINGS}
        self._texts: list[tuple[list[int], list[int]]] = []  # openings that are begun, with all that would follow
        self._copied: list[int] = []

    def __call__(self, logits: torch.Tensor, said: Sequence[int]) -> int:
        """The id that follows those that are `said`."""
        if len(said) < len(self._copied):
            return self._copied[len(said)]
        token = self._choose(logits, said)
        if not said:
            # The lines are chosen now: what is written next looks elsewhere.
            begun = [opening for opening, ids in self._openings.items() if ids[0] == token]
            self._texts = [(self._openings[opening], self._copy(opening)) for opening in begun]
            self._copied = []
        now = [*said, token]
        self._texts = [(ids, text) for ids, text in self._texts if ids[: len(now)] == now]
        self._copied = next((text for ids, text in self._texts if ids == now), [])
        return token

    def draft(self, said: Sequence[int], most: int) -> list[int]:
        """What is still to be copied, but the end, at most so many ids."""
        return self._copied[len(said) : -1][:most]

    def _copy(self, opening: str) -> list[int]:
        ids = self._tokenizer.encode(self._tokenizer.plain(self._quoted(opening)))
        begun = self._openings[opening]
        return [*ids, self._tokenizer.eos] if ids[: len(begun)] == begun else []


@dataclass(frozen=True)
class Quotable:
    """What may be quoted of a section as it was read: `ids`, the text `last` behind its last frame, `cues` by frame."""

    ids: Sequence[int]
    last: str
    cues: Sequence[Sequence[Cue]]


def quoted(
    model: LoadedModel,
    watch: AttentionWatch,
    read: Quotable,
    words: Sequence[Word],
    opening: str = MARK,
    *,
    question: str = "",
    temperature: float = 0.0,
) -> str:
    """An answer made of the cues that got most of the attention that a watch saw; "" where there are none.

    Behind a quotation mark: the sentence, of a question also the reply, and those of a second cue with at least 0.3 as
    much; cues with words of the `question` count more. Behind yes and no the same, of cues that are about a yes-or-no
    question; "" where none is. Behind the others of the `OPENINGS`: the sentence with its time, of the first of three
    cues that has most of the question's words, and the sentences of four cues that lie apart, near the end if the
    question asks how it ends.

    The deepest watched layer decides: of unseen scenes it found the line in 58 of 100, all four in 54. What looks at a
    frame among the `words` behind the section got counts for what is said there. With a temperature chance chooses
    cues, as it does tokens.
    """
    quotes = opening not in (HEARD_AT, KEY_LINES)
    looked = LOOKED if quotes else 1.0
    weighed = [(weight, cue) for weight, cue in _weighed(model, watch, read, words, looked=looked) if weight > 0]
    if not weighed:
        return ""
    cues = [cue for row in read.cues for cue in row]
    weights = torch.zeros(len(cues))
    for weight, cue in weighed:
        weights[cues.index(cue)] = weight
    if quotes:
        weights *= _worded(question, cues)
    before = len(cues) - max(SEVERAL, round(THE_END * len(cues)))
    if opening == KEY_LINES and _asks_how_it_ends(question) and weights[max(0, before) :].any():
        weights[: max(0, before)] = 0
    places = _choose_cues(weights / weights.max(), opening, temperature)
    if opening == HEARD_AT:
        return heard_at(_first_mention(question, [cues[place] for place in places]))
    if opening == KEY_LINES:
        return key_lines(_in_order([sentence_of(cues, place)] for place in places))
    exchanges = [exchange_of(cues, place) for place in places]
    if opening == MARK:
        return _quotes(exchanges)
    telling = [exchange for exchange in exchanges if about(question, _quotes([exchange]))]
    return f"{opening}. {_quotes(telling)}" if telling else ""


def _first_mention(question: str, cues: Sequence[Cue]) -> Cue:
    """The first in time of those cues that have most of a question's words; where none has any, the first given."""
    asked = _WHEN.sub(" ", question)
    best = max(sorted(cues, key=lambda cue: cue.start), key=lambda cue: coverage(asked, cue.text))
    return best if coverage(asked, best.text) else cues[0]


def _worded(question: str, cues: Sequence[Cue]) -> torch.Tensor:
    """What the attention on each cue counts, (C,): by its share of a question's words, and by its neighbours'."""
    own = torch.tensor([coverage(question, cue.text) for cue in cues])
    before, behind = own.roll(1), own.roll(-1)
    before[0] = behind[-1] = 0
    return WORDLESS + own + LINE_BEFORE * before + LINE_BEHIND * behind


def _quotes(exchanges: Iterable[Sequence[Sequence[Cue]]]) -> str:
    return "\n".join(quote(*sentence) for sentence in _in_order(exchanges))


def _in_order(exchanges: Iterable[Sequence[Sequence[Cue]]]) -> list[Sequence[Cue]]:
    """Each sentence of some exchanges once, in order of time."""
    by_start = {sentence[0].start: sentence for exchange in exchanges for sentence in exchange}
    return [by_start[start] for start in sorted(by_start)]


def _choose_cues(weights: torch.Tensor, opening: str, temperature: float) -> list[int]:
    """Numbers of the cues that an answer is made of; the largest of their weights (C,) is 1."""
    if opening != KEY_LINES and temperature <= 0:
        most, least = (MENTIONS, 0.0) if opening == HEARD_AT else (2, WORTH_QUOTING)
        best: list[int] = weights.argsort(descending=True)[:most].tolist()
        return [number for number in best if weights[number] >= least]
    several, reach = (SEVERAL, int(APART * len(weights))) if opening == KEY_LINES else (1, 0)
    chosen, left = list[int](), weights.clone()
    for _ in range(several):
        chances = left ** (1 / temperature) if temperature > 0 else left  # of which few are left where it is cold
        if chances.any():
            chosen.append(int(chances.multinomial(1) if temperature > 0 else chances.argmax()))
            left[max(0, chosen[-1] - reach) : chosen[-1] + reach + 1] *= NEARBY
            left[chosen[-1]] = 0
    return chosen


def _asks_how_it_ends(question: str) -> bool:
    """Whether a question is about the end, and nothing but that."""
    return bool(_END.search(question)) and not _MORE.search(question)


def _weighed(
    model: LoadedModel, watch: AttentionWatch, read: Quotable, words: Sequence[Word], *, looked: float
) -> Iterator[tuple[float, Cue]]:
    """Each cue with its part of the attention: a frame's is split by that on the lines that are read behind it.

    What is on second looks counts `looked` times.
    """
    tokens, per_frame = model.tokenizer, model.config.tokens_per_frame
    last = tokens.encode(read.last) if read.last else []
    mass, behind = (part.tolist() for part in watch.deepest())
    mass = mass[: len(read.ids)]
    frames, lines, marks = list[float](), list[list[float]](), 0
    for token, weight in zip([*read.ids, *last], [*mass, *behind[: len(last)]], strict=False):
        marks += token == FRAME
        if token == FRAME and (marks - 1) % per_frame == 0:
            frames.append(0.0)
            lines.append([])
        elif token != FRAME and lines:
            if not lines[-1] or "\n" in tokens.decode([token]):
                lines[-1].append(0.0)
            lines[-1][-1] += weight
        if frames:
            frames[-1] += weight
    for word, weight in zip(words, behind, strict=False):
        if word.look:
            frames[word.look.frame] += looked * weight
    for cues, own, weight in zip(read.cues, lines, frames, strict=False):
        parts = own[: len(cues)] if len(own) >= len(cues) and any(own) else [1.0] * len(cues)
        yield from ((weight * part / max(sum(parts), 1e-9), cue) for cue, part in zip(cues, parts, strict=True))
