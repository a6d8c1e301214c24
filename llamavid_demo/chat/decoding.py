"""The decode loop: embeddings in, token ids out one at a time, against a KV cache. Knows no text and no films."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress
from llamavid_demo.model.attention import AttentionWatch
from llamavid_demo.model.kv_cache import KVCache
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
def prefill(
    model: LoadedModel,
    cache: KVCache,
    ids: Sequence[int],
    frame_tokens: torch.Tensor | None = None,
    *,
    stop: threading.Event,
    progress: ProgressCallback = ignore_progress,
) -> torch.Tensor:
    """Read ids into the cache in chunks and give the last logits (V,); frame marks take rows of `frame_tokens`.

    Raises `Stopped` between chunks once `stop` is set; the cache then holds the chunks that were read.
    """
    embeds = model.embed(ids, frame_tokens)  # (1, L, H)
    logits = torch.empty(0)
    for start in range(0, len(ids), _CHUNK):
        if stop.is_set():
            raise Stopped
        with _turnstile:
            logits = _forward(model, cache, embeds[:, start : start + _CHUNK], None)
        progress(Progress("prefill", min(start + _CHUNK, len(ids)), len(ids)))
    return logits


@torch.inference_mode()
def generate(
    model: LoadedModel,
    cache: KVCache,
    logits: torch.Tensor,
    sampling: Sampling,
    *,
    stop: threading.Event,
    watch: AttentionWatch | None = None,
) -> Iterator[int]:
    """Ids that follow, starting from the logits (V,) of the last token read, up to the end of the answer.

    Each id is in the cache once the next one is asked for. Raises `Stopped` once `stop` is set.
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
            logits = _forward(model, cache, model.embed([token]), watch)


def _forward(model: LoadedModel, cache: KVCache, embeds: torch.Tensor, watch: AttentionWatch | None) -> torch.Tensor:
    out = model.network.llama(inputs_embeds=embeds, past_key_values=cache, logits_to_keep=1, watch=watch)
    return out.logits[0, -1].float()


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
