"""One softmax over keys that lie apart: those of a section, of a conversation's words. They are never copied together.

Scores that have no room at once are made block by block and merged by log-sum-exp (Juravsky et al. 2024, "Hydragen",
equation 5), as in FlashAttention, so the memory that they take is bounded whatever is read behind whatever film.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import torch

Pair = tuple[torch.Tensor, torch.Tensor]  # keys and values (kv heads, tokens, D)

SCORES = 256 << 20  # bytes that scores may take at once
SCORE_BYTES = 12  # of a score: in the model's type, float32 before and after the softmax, masked
_EIGHT_BIT = 2048  # tokens whose keys or values in 8 bits are made numbers at once, at most
_CACHED = 1 << 21  # numbers that stay in a processor's cache: of a 7B's keys those of 512 tokens


@dataclass(frozen=True)
class Block:
    """Keys and values of K tokens; whole numbers with `scales` (kv heads, K, 1) if held in 8 bits.

    `hidden` (Q or 1, K) marks what each of the Q new tokens does not see.
    """

    held: Pair
    scales: Pair | None = None
    hidden: torch.Tensor | None = None

    @property
    def tokens(self) -> int:
        """How many, K."""
        return self.held[0].shape[1]

    @property
    def keys(self) -> torch.Tensor:
        """Keys (kv heads, K, D); a copy if they are held in 8 bits."""
        return self._numbers(0)

    @property
    def values(self) -> torch.Tensor:
        """Values (kv heads, K, D); a copy if they are held in 8 bits."""
        return self._numbers(1)

    def scores(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores (kv heads, R, K) of scaled queries (kv heads, R, D), the lowest number for what is hidden."""
        # For few rows on a CPU up to a third faster than the other way round.
        scores = (self.held[0].to(rows.dtype) @ rows.mT).mT
        if self.scales:
            scores *= self.scales[0].mT  # of the few scores, not of all keys
        if self.hidden is not None:
            # -inf would leave a row that sees nothing of a block without weights.
            lowest = torch.finfo(scores.dtype).min
            scores.unflatten(1, (-1, len(self.hidden))).masked_fill_(self.hidden, lowest)
        return scores

    def mix(self, weights: torch.Tensor) -> torch.Tensor:
        """Values by float32 weights (kv heads, R, K): (kv heads, R, D)."""
        values = self.held[1]
        if not self.scales:
            return weights.to(values.dtype) @ values
        scales = self.scales[1]
        # Scales as shares of a head's largest: small weights times small scales would be 0 in float16.
        largest = scales.amax(dim=1, keepdim=True)
        return (weights * (scales / largest).mT).to(scales.dtype) @ values.to(scales.dtype) * largest

    def cut(self, most: int) -> Iterable["Block"]:
        """The same in pieces of at most so many tokens, of fewer if they are held in 8 bits; no copies."""
        size = most
        if self.scales:
            heads, _, dimensions = self.held[0].shape
            on_cpu = self.held[0].device.type == "cpu"
            size = min(most, _EIGHT_BIT, max(1, _CACHED // (heads * dimensions)) if on_cpu else most)
        if self.tokens <= size:
            yield from [self] if self.tokens else []
            return
        for start in range(0, self.tokens, size):
            at = slice(start, start + size)
            scales = (self.scales[0][:, at], self.scales[1][:, at]) if self.scales else None
            hidden = None if self.hidden is None else self.hidden[:, at]
            yield Block((self.held[0][:, at], self.held[1][:, at]), scales, hidden)

    def _numbers(self, which: int) -> torch.Tensor:
        if self.scales is None:
            return self.held[which]
        return self.held[which].to(self.scales[which].dtype).mul_(self.scales[which])


@dataclass(frozen=True)
class Attended:
    """What rows found in blocks, (kv heads, R, D), and the weights, float32, of `kept` rows on all blocks' tokens
    (kv heads, kept, K), and of all rows on `more` scores (kv heads, R, T).
    """

    found: torch.Tensor
    kept: torch.Tensor
    more: torch.Tensor


def attend_jointly(
    rows: torch.Tensor, blocks: Sequence[Block], *, more: torch.Tensor | None = None, kept: slice | None = None
) -> Attended:
    """Attention of scaled queries (kv heads, R, D) over all blocks in one softmax, which `more` scores take part in.

    What those are scores of is the caller's: they come back as weights.
    """
    keep = kept or slice(0)
    groups = _groups(blocks, max(1, SCORES // (SCORE_BYTES * rows.shape[0] * rows.shape[1])))
    if len(groups) == 1:
        found, weights, _ = _weigh(rows, groups[0], more)
        tokens = _tokens(groups[0])
        return Attended(found, weights[:, keep, :tokens], weights[..., tokens:])
    found, total = rows.float() * 0, rows.new_full((*rows.shape[:2], 1), float("-inf"), dtype=torch.float32)
    kept_parts: list[Pair] = []  # of each group: weights on it, log-sum-exp of its scores
    for group in groups:
        here, weights, scores = _weigh(rows, group, more if group is groups[-1] else None)
        sums = _log_sum_exp(scores, weights)
        before, total = total, torch.logaddexp(total, sums)
        found = found * (before - total).exp() + here * (sums - total).exp()
        kept_parts.append((weights[:, keep, : _tokens(group)], sums[:, keep]))
    every = torch.cat([part * (sums - total[:, keep]).exp() for part, sums in kept_parts], dim=-1)
    return Attended(found.to(rows.dtype), every, weights[..., _tokens(groups[-1]) :] * (sums - total).exp())


def attend_unwatched(rows: torch.Tensor, blocks: Iterable[Block]) -> torch.Tensor:
    """What scaled queries (kv heads, R, D) find in all blocks, as `attend_jointly` gives it, on a processor.

    Their weights are never made: PyTorch's FlashAttention for processors, called by its own name, for only there it
    tells the log-sum-exp. A row that sees nothing of a block finds nothing in it.
    """
    found, total = rows.float() * 0, rows.new_full((*rows.shape[:2], 1), float("-inf"), dtype=torch.float32)
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    for block in chain.from_iterable(block.cut(block.tokens) for block in blocks):
        pair = block.keys[None], block.values[None]
        here, sums = flash(rows[None], *pair, attn_mask=_added(block.hidden, rows), scale=1.0)
        before, total = total, torch.logaddexp(total, sums[0, ..., None])
        found = found * (before - total).exp() + here[0] * (sums[0, ..., None] - total).exp()
    return found.to(rows.dtype)


def _added(hidden: torch.Tensor | None, rows: torch.Tensor) -> torch.Tensor | None:
    """What is added to scores (kv heads, R, K) of rows for what is `hidden` (Q or 1, K) from them: (R, K)."""
    if hidden is None:
        return None
    lowest = torch.finfo(rows.dtype).min  # -inf would make no number of a row that sees nothing
    return rows.new_zeros(hidden.shape).masked_fill_(hidden, lowest).repeat(rows.shape[1] // len(hidden), 1)


def _weigh(
    rows: torch.Tensor, group: Sequence[Block], more: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What rows find in some blocks, their weights on its tokens and on `more`, and the scores of both."""
    scores = torch.cat([*(block.scores(rows) for block in group), *(() if more is None else (more,))], dim=-1)
    weights = scores.softmax(dim=-1, dtype=torch.float32)
    found, begin = None, 0
    for block in group:
        part = block.mix(weights[..., begin : begin + block.tokens])
        found, begin = part if found is None else found.add_(part), begin + block.tokens
    return torch.zeros_like(rows) if found is None else found, weights, scores


def _log_sum_exp(scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Of scores (…, K), whose softmax the weights are: (…, 1), float32, without another pass of exponentials."""
    return scores.amax(dim=-1, keepdim=True).float() - weights.amax(dim=-1, keepdim=True).log()


def _tokens(blocks: Iterable[Block]) -> int:
    return sum(block.tokens for block in blocks)


def _groups(blocks: Iterable[Block], most: int) -> list[list[Block]]:
    """Blocks, cut, in groups of at most so many tokens; one at least."""
    groups: list[list[Block]] = [[]]
    for block in blocks:
        for piece in block.cut(most):
            if groups[-1] and _tokens(groups[-1]) + piece.tokens > most:
                groups.append([])
            groups[-1].append(piece)
    return groups
