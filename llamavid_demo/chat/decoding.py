"""Steps of the LLaMA: a section or words read in chunks, a token for each of several conversations."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.sizes import CHUNK as CHUNK  # the scheduler reads it here
from llamavid_demo.model.attention import BatchReading, TailReading
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import TailBatch
from llamavid_demo.options import Options


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; temperature 0 is greedy, repetition penalty 1 none."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 256
    repetition_penalty: float = 1.0

    def but(self, options: Options) -> "Sampling":
        """The same where the options say nothing; a temperature of their own takes no other's top-p."""
        warmth, top_p = options.temperature, self.top_p if options.temperature is None else 1.0
        return Sampling(
            self.temperature if warmth is None else warmth,
            options.top_p or top_p,
            options.max_new_tokens or self.max_new_tokens,
            options.repetition_penalty or self.repetition_penalty,
        )


def fill(model: LoadedModel, prefix: Prefix, embeds: torch.Tensor) -> Generator[Progress, None, None]:
    """Read the embeddings (1, L, H) of a section prompt into its prefix in chunks, from where it is filled."""
    while prefix.filled < embeds.shape[1]:
        model.fill(prefix, embeds[:, prefix.filled : prefix.filled + CHUNK])
        yield Progress("prefill", prefix.filled, embeds.shape[1])


def read(
    model: LoadedModel, reading: TailReading, embeds: torch.Tensor, watch: AttentionWatch | None = None
) -> Generator[int, None, torch.Tensor]:
    """Read words' embeddings (1, W, H) into a tail in chunks; after each it says how many.

    Its value is the logits (V,) of what follows the last word, whose attention a `watch` counts.
    """
    hidden, end = torch.empty(0), reading.tail.length + embeds.shape[1]
    reading.tail.room = end
    for chunk in embeds.split(CHUNK, dim=1):
        if reading.tail.length + chunk.shape[1] == end:
            reading.watch = watch
        hidden = model.hidden(chunk, reading, [reading.next_places(chunk.shape[1])])
        reading.tail.advance(chunk.shape[1])
        yield chunk.shape[1]
    return model.logits(hidden[0, -1])


def step(model: LoadedModel, batch: TailBatch, rows: list[TailReading], tokens: list[int]) -> torch.Tensor:
    """Read one token for each row of a batch; logits (rows, V) of what follows."""
    reading = BatchReading(batch, rows)
    hidden = model.hidden(model.embed(tokens).transpose(0, 1), reading, reading.next_places)
    batch.advance()
    return model.logits(hidden[:, -1])


def read_draft(model: LoadedModel, reading: TailReading, tokens: Sequence[int]) -> torch.Tensor:
    """Read an answer's newest token and a draft of what follows it; logits (tokens, V) behind each.

    What it is written to is not advanced yet.
    """
    hidden = model.hidden(model.embed(tokens), reading, [reading.next_places(len(tokens))])
    return model.logits(hidden[0])


def chooser(sampling: Sampling) -> Callable[[torch.Tensor, Sequence[int]], int]:
    """What picks the next id from logits (V,), given the answer's ids so far."""
    processors = LogitsProcessorList()
    if sampling.repetition_penalty > 1:
        processors.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature > 0:
        processors.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_p < 1:
            processors.append(TopPLogitsWarper(sampling.top_p))

    def choose(logits: torch.Tensor, said: Sequence[int]) -> int:
        scores = logits
        if processors:
            scores = processors(torch.LongTensor([list(said)]), torch.FloatTensor(logits[None].cpu()))[0]
        if sampling.temperature <= 0:
            return int(scores.argmax())
        return int(torch.multinomial(scores.softmax(-1), 1))

    return choose
