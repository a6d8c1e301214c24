"""Steps of the LLaMA: a section or words read in chunks, a token for each of several conversations."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

from llamavid_demo.chat.progress import Progress
from llamavid_demo.model.attention import BatchReading, Seat, TailReading
from llamavid_demo.model.kv_cache import Prefix, TailBatch
from llamavid_demo.model.loaded import LoadedModel

CHUNK = 512  # tokens that are read at once, while other conversations wait


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; temperature 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 256


def fill(
    model: LoadedModel, prefix: Prefix, ids: Sequence[int], frame_tokens: torch.Tensor
) -> Generator[Progress, None, None]:
    """Read a section prompt into its prefix in chunks, from where it is filled; marks take rows of `frame_tokens`."""
    embeds = model.embed(ids, frame_tokens)  # (1, L, H)
    while prefix.filled < len(ids):
        model.fill(prefix, embeds[:, prefix.filled : prefix.filled + CHUNK])
        yield Progress("prefill", prefix.filled, len(ids))


def read(model: LoadedModel, reading: TailReading, ids: Sequence[int]) -> Generator[int, None, torch.Tensor]:
    """Read words into a tail in chunks; after each it says how many. Its value is the logits (V,) of the last word."""
    embeds, hidden = model.embed(ids), torch.empty(0)
    for start in range(0, len(ids), CHUNK):
        chunk = embeds[:, start : start + CHUNK]
        hidden = model.hidden(chunk, reading, [reading.visible + reading.tail.length])
        reading.tail.advance(chunk.shape[1])
        yield chunk.shape[1]
    return model.network.llama.lm_head(hidden[0, -1]).float()


def step(model: LoadedModel, batch: TailBatch, seats: list[Seat], tokens: list[int]) -> torch.Tensor:
    """Read one token for each conversation of a batch; logits (rows, V) of what follows."""
    places = [seat.visible + length for seat, length in zip(seats, batch.lengths, strict=True)]
    hidden = model.hidden(model.embed(tokens).transpose(0, 1), BatchReading(batch, seats), places)
    batch.advance()
    return model.network.llama.lm_head(hidden[:, -1]).float()


def chooser(sampling: Sampling) -> Callable[[torch.Tensor], int]:
    """What picks the next id from logits (V,)."""
    if sampling.temperature <= 0:
        return lambda logits: int(logits.argmax())
    warp = LogitsProcessorList([TemperatureLogitsWarper(sampling.temperature)])
    if sampling.top_p < 1:
        warp.append(TopPLogitsWarper(sampling.top_p))

    def sample(logits: torch.Tensor) -> int:
        scores = warp(torch.LongTensor(1, 0), torch.FloatTensor(logits[None].cpu()))
        return int(torch.multinomial(scores.softmax(-1), 1))

    return sample
