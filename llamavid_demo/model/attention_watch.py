"""What written tokens attend to: sums over an answer, from which its evidence and its quotes come."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch


@dataclass
class AttentionWatch:
    """Sums, over watched layers and written tokens, of the attention on a section and on the words behind it.

    Of the section the first `positions` tokens count, of the tail the first `words`; a written token with the mean over
    heads, or over so many of the first `heads`. Sums stay where their layers compute until they are asked for.

    Where `beginning_counts`, the first token has as much of them as all that follow together: of an answer that copies
    a line those tell little else than that line.
    """

    positions: int
    layers: frozenset[int]
    words: int = 0
    heads: int | None = None
    beginning_counts: bool = False
    _begun: dict[int, torch.Tensor] = field(default_factory=dict)  # by layer, the first token's
    _sums: dict[int, torch.Tensor] = field(default_factory=dict)  # by layer

    def add(self, layer: int, film: torch.Tensor, own: torch.Tensor) -> None:
        """Count the attention of one written token on the section (rows, P) and the tail (rows, T); a row is a head."""
        if layer in self.layers:
            film, own = film[: self.heads], own[: self.heads]
            if layer not in self._sums:
                self._sums[layer] = torch.zeros(self.positions + self.words, device=film.device)
            sums = self._sums[layer]
            sums[: film.shape[1]] += film.float().mean(dim=0)
            if self.words:
                own = own[:, : self.words]
                sums[self.positions : self.positions + own.shape[1]] += own.float().mean(dim=0)
            if self.beginning_counts and layer not in self._begun:
                self._begun[layer] = sums.clone()

    @property
    def mass(self) -> torch.Tensor:
        """Attention on the section, (positions,) on the CPU."""
        return self._summed(self._sums)[: self.positions]

    @property
    def words_mass(self) -> torch.Tensor:
        """Attention on the words behind it, (words,) on the CPU."""
        return self._summed(self._sums)[self.positions :]

    def deepest(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Attention on the section and on the words behind it, of the deepest watched layer alone."""
        summed = self._summed(sorted(self._sums)[-1:])
        return summed[: self.positions], summed[self.positions :]

    def _summed(self, layers: Iterable[int]) -> torch.Tensor:
        none = torch.zeros(self.positions + self.words)
        return torch.stack([none, *(self._weighed(layer).cpu() for layer in layers)]).sum(dim=0)

    def _weighed(self, layer: int) -> torch.Tensor:
        sums, begun = self._sums[layer], self._begun.get(layer)
        if begun is None:
            return sums
        rest = sums - begun
        return begun + rest * begun.sum() / rest.sum().clamp_min(1e-9)


@dataclass
class DraftWatch:
    """Attention of each of a draft's `tokens`, held until it is known how many of them are written."""

    watch: AttentionWatch
    tokens: int
    _held: list[tuple[int, torch.Tensor, torch.Tensor]] = field(default_factory=list)

    @property
    def layers(self) -> frozenset[int]:
        """Those that are watched."""
        return self.watch.layers

    def add(self, layer: int, film: torch.Tensor, own: torch.Tensor) -> None:
        """Hold the attention on the section (rows, P) and the tail (rows, T); a row is a head's token."""
        self._held.append((layer, film.unflatten(0, (-1, self.tokens)), own.unflatten(0, (-1, self.tokens))))

    def write(self, tokens: int) -> None:
        """Count that of so many tokens, from the first on."""
        for layer, film, own in self._held:
            for token in range(tokens):
                self.watch.add(layer, film[:, token], own[:, token])
