"""Answers that quote: what follows an opening quotation mark is copied from the line that the model looks at.

For models that learned to (`quotes` in their config). They choose between words of their own and a copy, as
pointer-generator networks do (See et al. 2017), but copy whole lines, so that nothing is quoted that nobody said.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.quotes import exchange_of, quote
from llamavid_demo.model.attention import AttentionWatch
from llamavid_demo.model.loaded import LoadedModel, TextTokenizer
from llamavid_demo.model.prompt import FRAME, Word

MARK = '"'
WORTH_QUOTING = 0.4  # of the attention on the line that got most
Choose = Callable[[torch.Tensor, Sequence[int]], int]


class Quoting:
    """Chooses an answer's ids as `choose` does, and behind an opening quotation mark those of the text of `quoted`."""

    def __init__(self, choose: Choose, tokenizer: TextTokenizer, quoted: Callable[[], str]) -> None:
        self._choose, self._tokenizer, self._quoted = choose, tokenizer, quoted
        self._mark = tokenizer.encode(MARK)
        self._copied: list[int] = []

    def __call__(self, logits: torch.Tensor, said: Sequence[int]) -> int:
        """The id that follows those that are `said`."""
        if len(self._mark) <= len(said) < len(self._copied):
            return self._copied[len(said)]
        token = self._choose(logits, said)
        if len(said) < len(self._mark):
            self._copied = self._copy() if [*said, token] == self._mark else []
        return token

    def draft(self, said: Sequence[int], most: int) -> list[int]:
        """What is still to be copied, but the end, at most so many ids."""
        return self._copied[len(said) : -1][:most] if len(said) >= len(self._mark) else []

    def _copy(self) -> list[int]:
        ids = self._tokenizer.encode(self._tokenizer.plain(self._quoted()))
        return [*ids, self._tokenizer.eos] if ids[: len(self._mark)] == self._mark else []


@dataclass(frozen=True)
class Quotable:
    """What may be quoted of a section as it was read: `ids`, the text `last` behind its last frame, `cues` by frame."""

    ids: Sequence[int]
    last: str
    cues: Sequence[Sequence[Cue]]


def quoted(
    model: LoadedModel, watch: AttentionWatch, read: Quotable, words: Sequence[Word], *, temperature: float = 0.0
) -> str:
    """The quote of the cue that got most of the attention that a watch saw: its sentence, of a question also the reply.

    The deepest watched layer decides: of unseen scenes it found the line in 58 of 100, all four in 54.
    A second cue with at least 0.4 as much is quoted, too, in order of time. What looks at a frame among the
    `words` behind the section got counts for what is said there. With a temperature chance chooses one, as of tokens.
    """
    weighed = [(weight, cue) for weight, cue in _weighed(model, watch, read, words) if weight > 0]
    if not weighed:
        return ""
    weights = torch.tensor([weight for weight, _ in weighed])
    order = weights.argsort(descending=True).tolist()
    chosen = [number for number in order[:2] if weights[number] >= WORTH_QUOTING * weights.max()]
    if temperature > 0:
        chosen = torch.multinomial((weights / weights.max()) ** (1 / temperature), 1).tolist()
    cues = [cue for row in read.cues for cue in row]
    said = {
        sentence[0].start: quote(*sentence)
        for number in chosen
        for sentence in exchange_of(cues, cues.index(weighed[number][1]))
    }
    return "\n".join(said[start] for start in sorted(said))


def _weighed(
    model: LoadedModel, watch: AttentionWatch, read: Quotable, words: Sequence[Word]
) -> Iterator[tuple[float, Cue]]:
    """Each cue with its part of the attention: a frame's is split by that on the lines that are read behind it."""
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
            frames[word.look.frame] += weight
    for cues, own, weight in zip(read.cues, lines, frames, strict=False):
        parts = own[: len(cues)] if len(own) >= len(cues) and any(own) else [1.0] * len(cues)
        yield from ((weight * part / max(sum(parts), 1e-9), cue) for cue, part in zip(cues, parts, strict=True))
