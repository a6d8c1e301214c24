"""The decode loop: embeddings in, token ids out one at a time, against a KV cache. Knows no text and no films."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress
from llamavid_demo.model.attention import PrefixReading, Reading, TailReading
from llamavid_demo.model.kv_cache import Prefix
from llamavid_demo.model.loaded import LoadedModel

_CHUNK = 512  # tokens of prefill between two looks at stop and progress

# One forward pass at a time: conversations take turns token by token, chunk by chunk.
_turnstile = threading.Lock()


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; temperature 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 256


class Stopped(Exception):  # noqa: N818 - a request, no error
    """Raised inside the loop when a person pressed stop."""


@torch.inference_mode()
def fill(
    model: LoadedModel,
    prefix: Prefix,
    ids: Sequence[int],
    frame_tokens: torch.Tensor,
    *,
    stop: threading.Event,
    progress: ProgressCallback = ignore_progress,
) -> None:
    """Read a section prompt into its prefix in chunks, from where it is filled; marks take rows of `frame_tokens`.

    Raises `Stopped` between chunks once `stop` is set.
    """
    embeds = model.embed(ids, frame_tokens)  # (1, L, H)
    while prefix.filled < len(ids):
        if stop.is_set():
            raise Stopped
        chunk = embeds[:, prefix.filled : prefix.filled + _CHUNK]
        with _turnstile:
            _hidden(model, chunk, PrefixReading(prefix), prefix.filled)
        prefix.advance(chunk.shape[1])
        progress(Progress("prefill", prefix.filled, len(ids)))


@torch.inference_mode()
def read(model: LoadedModel, reading: TailReading, ids: Sequence[int], *, stop: threading.Event) -> torch.Tensor:
    """Read words into a tail in chunks and give the last logits (V,). Raises `Stopped` between chunks."""
    embeds, logits = model.embed(ids), torch.empty(0)
    for start in range(0, len(ids), _CHUNK):
        if stop.is_set():
            raise Stopped
        with _turnstile:
            logits = _forward(model, embeds[:, start : start + _CHUNK], reading)
    return logits


@torch.inference_mode()
def generate(
    model: LoadedModel, reading: TailReading, logits: torch.Tensor, sampling: Sampling, *, stop: threading.Event
) -> Iterator[int]:
    """Ids that follow, starting from the logits (V,) of the last token read, up to the end of the answer.

    Each id is in the tail once the next one is asked for. Raises `Stopped` once `stop` is set.
    """
    choose = _chooser(sampling)
    for _ in range(sampling.max_new_tokens):
        if stop.is_set():
            raise Stopped
        token = choose(logits)
        if token == model.tokenizer.eos:
            return
        yield token
        with _turnstile:
            logits = _forward(model, model.embed([token]), reading)


def _forward(model: LoadedModel, embeds: torch.Tensor, reading: TailReading) -> torch.Tensor:
    hidden = _hidden(model, embeds, reading, reading.visible + reading.tail.length)
    reading.tail.advance(embeds.shape[1])
    return model.network.llama.lm_head(hidden[0, -1]).float()


def _hidden(model: LoadedModel, embeds: torch.Tensor, reading: Reading, start: int) -> torch.Tensor:
    """Last hidden states (1, Q, H) of tokens whose first stands at `start`."""
    places = torch.arange(start, start + embeds.shape[1], device=embeds.device)[None]
    llama = model.network.llama.model
    return llama(inputs_embeds=embeds, position_ids=places, use_cache=False, reading=reading).last_hidden_state


def _chooser(sampling: Sampling) -> Callable[[torch.Tensor], int]:
    if sampling.temperature <= 0:
        return lambda logits: int(logits.argmax())
    warp = LogitsProcessorList([TemperatureLogitsWarper(sampling.temperature)])
    if sampling.top_p < 1:
        warp.append(TopPLogitsWarper(sampling.top_p))

    def sample(logits: torch.Tensor) -> int:
        scores = warp(torch.LongTensor(1, 0), torch.FloatTensor(logits[None].cpu()))
        return int(torch.multinomial(scores.softmax(-1), 1))

    return sample
