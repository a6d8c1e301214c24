"""Frame tokens out of named things: probabilities of classes times the LLaMA's own embeddings of their names.

The content token says what is seen most exactly ("beagle"), the context token of what kind it is ("dog"). A context
token for a question names what is seen; when the question asks for a class or a kind, only that, or else kinds.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import nn

from llamavid_demo.model.real_world.kinds import group_of

CLASSES = Path(__file__).with_name("classes.tsv")
NORM = 3.0  # length of a word's embedding; about that of the LLaMA's own
LEAST = 0.05  # probability that counts
TOLD = 0.25  # probability from which on a class is named in words
VAGUE = frozenset(("", "thing", "machine", "clothes", "kitchen thing"))  # kinds that say little
_SMALL = frozenset((
    "a", "an", "any", "are", "at", "clip", "do", "does", "film", "in", "is", "it", "kind", "movie", "of", "on",
    "picture", "screen", "see", "show", "shown", "some", "sort", "the", "there", "video", "was", "were", "what",
    "where", "you",
))  # fmt: skip


class Named(NamedTuple):
    """A class of ImageNet as people say it, and the kind of thing that it is ("" where there is no word for it)."""

    name: str
    kind: str


class WordEncoder(Protocol):
    """What turns words into ids."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text."""


@cache
def classes() -> tuple[Named, ...]:
    """ImageNet's thousand classes in their order."""
    rows = (line.split("\t") for line in CLASSES.read_text("utf-8").splitlines())
    return tuple(Named(name, kind) for name, kind in rows)


def stems(text: str) -> frozenset[str]:
    """Words of a text in the singular, without small ones."""
    words = re.findall(r"[a-z]+", text.lower())
    return frozenset(
        word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words if word not in _SMALL
    )


class NamedTokens:
    """Makes frame tokens with the word embeddings `table` (V, H) of a LLaMA."""

    def __init__(self, tokenizer: WordEncoder, table: torch.Tensor) -> None:
        self.names = embed_words(tokenizer, table, [named.name for named in classes()])
        self.kinds = embed_words(tokenizer, table, [named.kind or named.name for named in classes()])
        self._shared = table.float().mean(dim=0)
        self._stems = [stems(f"{named.name} {named.kind} {group_of(named.kind)}") for named in classes()]

    def contents(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Content tokens (T, H) of class probabilities (T, 1000)."""
        return self._confident(probabilities) @ self.names

    def contexts(self, probabilities: torch.Tensor, question: str) -> torch.Tensor:
        """Context tokens (T, H) of class probabilities (T, 1000) for a question, or for a neutral one ("").

        They keep what all word embeddings share, which content tokens lack: so the two can be told apart.
        """
        seen, asked = self._confident(probabilities), stems(question)
        named = torch.tensor([bool(asked & own) for own in self._stems], dtype=seen.dtype, device=seen.device)
        if question and not named.any():
            shown = seen @ self.names
        else:
            found = seen * named
            shown = torch.where(found.sum(1, keepdim=True) > 0, found @ self.names, seen @ self.kinds)
        return shown + seen.sum(1, keepdim=True) * self._shared.to(seen)

    def in_words(self, probabilities: torch.Tensor) -> list[tuple[str, frozenset[str]]]:
        """What frames of class probabilities (T, 1000) show, and the stems of what it may be called.

        Two things at most; nothing is said of a frame that shows nothing known.
        """
        told = []
        sure, best = probabilities.float().topk(2)
        for shares, numbers in zip(sure.tolist(), best.tolist(), strict=True):
            shown = [number for share, number in zip(shares, numbers, strict=True) if share >= TOLD]
            called = frozenset[str]().union(*(self._stems[number] for number in shown))
            told.append(("; ".join(_with_kind(classes()[number]) for number in shown), called))
        return told

    def _confident(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Probabilities that count, where the embeddings are: stored ones come from the CPU."""
        return torch.where(probabilities < LEAST, 0.0, probabilities).to(self.names)


def _with_kind(named: Named) -> str:
    """`beagle (dog)`; the name alone where its kind says little or is in it."""
    return named.name if named.kind in VAGUE or named.kind in named.name else f"{named.name} ({named.kind})"


def embed_words(
    tokenizer: WordEncoder, table: torch.Tensor, texts: Sequence[str], *, middle: torch.Tensor | None = None
) -> torch.Tensor:
    """Embeddings (W, H) of words or names with a LLaMA's `table` (V, H), of one length; `middle` (H,) is its mean.

    What all embeddings share is taken off: two thirds of a small LLaMA's are that, and words should differ. Of several
    pieces the first weighs most, so that their order can be told.
    """
    middle = table.float().mean(dim=0) if middle is None else middle
    rows = []
    for text in texts:
        pieces = table[torch.tensor(tokenizer.encode(f" {text}"), device=table.device)].float() - middle
        rows.append((pieces / torch.arange(1, len(pieces) + 1, device=table.device)[:, None]).sum(dim=0))
    return NORM * nn.functional.normalize(torch.stack(rows), dim=-1)
