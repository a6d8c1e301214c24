"""Greedy answers to many prompts at once, with the attention that they lay on the film.

They are read as in a conversation: each section is a prefix, each question its tail, and the tails are continued side
by side, a word of each answer a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.model.attention import AttentionWatch, BatchReading, Seat, TailReading
from llamavid_demo.model.kv_cache import Prefix, Tail, TailBatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import frame_mass
from llamavid_demo.model.prompt import FRAME

LONGEST_ANSWER = 48  # tokens


@dataclass(frozen=True)
class Writing:
    """An answer under way: its ids so far, the `section` that it is about, and where it looks and is written."""

    ids: list[int]
    section: tuple[int, ...]
    seat: Seat
    tail: Tail
    watch: AttentionWatch

    def mass(self, tokens_per_frame: int) -> torch.Tensor:
        """Attention (T, tokens a frame) that its words have laid on the frames so far."""
        return frame_mass(self.watch.mass, self.section, tokens_per_frame)


@torch.inference_mode()
def begin(model: LoadedModel, ids: Sequence[int], frame_tokens: torch.Tensor) -> Writing:
    """Read a prompt, at whose marks the rows of `frame_tokens` (T, 1+n, H) stand, and choose the first word."""
    embeds = model.embed(ids, frame_tokens)  # (1, L, H)
    length = len(ids) - list(reversed(ids)).index(FRAME)  # of the section, which ends with its last frame
    layers = model.config.llama.num_hidden_layers
    prefix, tail = Prefix(layers, length), Tail(layers)
    model.fill(prefix, embeds[:, :length])
    hidden = model.hidden(embeds[:, length:], TailReading(prefix, tail, length), [length])
    tail.advance(len(ids) - length)
    watch = AttentionWatch(length, model.config.watched_layers)
    return Writing(_likeliest(model, hidden), tuple(ids[:length]), Seat(prefix, length, watch), tail, watch)


@torch.inference_mode()
def finish(model: LoadedModel, answers: Sequence[Writing]) -> list[str]:
    """Continue answers together until each has ended; their texts."""
    writing, batch = list(answers), TailBatch(model.config.llama.num_hidden_layers)
    for answer in writing:
        batch.join(answer.tail)
    while writing:
        for row in reversed(range(len(writing))):
            ids = writing[row].ids
            if ids[-1] == model.tokenizer.eos or len(ids) == LONGEST_ANSWER:
                batch.leave(row)  # the last row takes its place
                writing[row] = writing[-1]
                writing.pop()
        if writing:
            _step(model, batch, writing)
    return [model.tokenizer.decode(answer.ids).strip() for answer in answers]


def _step(model: LoadedModel, batch: TailBatch, writing: Sequence[Writing]) -> None:
    embeds = model.embed([answer.ids[-1] for answer in writing]).transpose(0, 1)  # (rows, 1, H)
    seats = [answer.seat for answer in writing]
    places = [seat.visible + length for seat, length in zip(seats, batch.lengths, strict=True)]
    hidden = model.hidden(embeds, BatchReading(batch, seats), places)
    batch.advance()
    for answer, token in zip(writing, _likeliest(model, hidden), strict=True):
        answer.ids.append(token)


def _likeliest(model: LoadedModel, hidden: torch.Tensor) -> list[int]:
    """The next token of each row of hidden states (B, Q, H)."""
    tokens: list[int] = model.network.llama.lm_head(hidden[:, -1]).argmax(dim=-1).tolist()
    return tokens
