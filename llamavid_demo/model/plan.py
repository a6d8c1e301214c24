"""What reading a section will cost: tokens and bytes by part, from the model's own config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from llamavid_demo.model.fitting import encoding_bytes, part_bytes
from llamavid_demo.model.load import empty_network
from llamavid_demo.model.loaded import ModelConfig, Network

GIB = 1 << 30
PROMPT_TOKENS = 128  # fixed texts and a question, generously


@dataclass(frozen=True)
class Plan:
    """Cost of one section: frames, tokens in the LLaMA, bytes on the card by part, bytes on disk.

    `eight_bit`: its keys and values are held in 8 bits.
    """

    frames: int
    frame_tokens: int
    subtitle_tokens: int
    max_tokens: int
    bytes_by_part: Mapping[str, int]
    disk_bytes: int
    eight_bit: bool = False

    @property
    def tokens(self) -> int:
        """Tokens that the LLaMA reads, fixed texts included."""
        return self.frame_tokens + self.subtitle_tokens + PROMPT_TOKENS

    @property
    def total_bytes(self) -> int:
        """Bytes on the card while reading, everything kept there."""
        return sum(self.bytes_by_part.values())

    def fits(self, gigabytes: float) -> bool:
        """Whether the section fits a card of that size and the model's context."""
        return self.total_bytes <= gigabytes * GIB and self.tokens <= self.max_tokens


def plan_section(
    config: ModelConfig,
    *,
    frames: int,
    subtitle_tokens: int,
    quantization: str | None = None,
    dtype: torch.dtype = torch.float16,
    batch: int = 32,
    gigabytes: float = math.inf,
    network: Network | None = None,
    room: float = math.inf,
) -> Plan:
    """Plan a section of `frames` frames and the tokens of its cues; no weights are needed.

    Keys and values are held in 8 bits where the section would not fit into `gigabytes` otherwise. Frames that words
    still read keep at most `room` bytes. A `network` that is at hand, not quantized, saves making an empty one.
    """
    network = network or empty_network(config)
    frame_tokens = frames * config.tokens_per_frame
    tokens = frame_tokens + subtitle_tokens + PROMPT_TOKENS
    size = dtype.itemsize
    parts = {name: part_bytes(part, quantization, size) for name, part in network.parts().items()}
    parts["KV cache"] = tokens * kv_bytes_per_token(config, size)
    parts["reading (activations)"] = encoding_bytes(config, size, frames=batch)
    if config.fused_layers:
        parts["keys of frames"] = int(min(room, frames * fused_bytes_per_frame(config, size)))
    eight_bit = sum(parts.values()) > gigabytes * GIB
    if eight_bit:
        parts["KV cache"] = tokens * kv_bytes_per_token(config, size, eight_bit=True)
    numbers = math.prod(config.patch_shape) + config.tokens_per_frame * config.llama.hidden_size
    disk_bytes = frames * numbers * 2
    return Plan(frames, frame_tokens, subtitle_tokens, config.max_tokens, parts, disk_bytes, eight_bit)


def kv_bytes_per_token(config: ModelConfig, size: int, *, eight_bit: bool = False) -> int:
    """Bytes of keys and values that one token leaves in all layers, at `size` bytes a number or a scale."""
    llama = config.llama
    heads = llama.num_key_value_heads or llama.num_attention_heads
    width = llama.hidden_size // llama.num_attention_heads
    return 2 * llama.num_hidden_layers * heads * (width + size if eight_bit else width * size)


def fused_bytes_per_frame(config: ModelConfig, size: int) -> int:
    """Bytes of the keys and values of a frame that are kept for words to come."""
    layer = kv_bytes_per_token(config, size) // config.llama.num_hidden_layers
    return config.fused_rows * config.fused_layers * layer
