"""What a section will take of a card, weights included, and what memory there is."""

import math

import torch

from llamavid_demo.film import Movie, Section
from llamavid_demo.machine import total_memory
from llamavid_demo.model.loaded import ModelConfig, Network, TextTokenizer
from llamavid_demo.model.plan import GIB, Plan, plan_section


def section_plan(
    config: ModelConfig,
    tokenizer: TextTokenizer,
    movie: Movie,
    section: Section,
    *,
    quantization: str | None,
    dtype: torch.dtype,
    gigabytes: float = math.inf,
    network: Network | None = None,
    room: float = math.inf,
) -> Plan:
    """Plan a section of a movie with the tokens that its own subtitles take, for a card of so many `gigabytes`.

    For `network` and `room` see `plan_section`.
    """
    subtitles = sum(len(tokenizer.encode(cue.text)) for cue in movie.cues(section))
    return plan_section(
        config, frames=len(section.seconds), subtitle_tokens=subtitles, quantization=quantization, dtype=dtype,
        gigabytes=gigabytes, network=network, room=room,
    )  # fmt: skip


def memory_gigabytes(device: torch.device) -> float:
    """Memory of a CUDA card, or all that the program may use of the machine's, in GiB."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory / GIB)
    return total_memory() / GIB
