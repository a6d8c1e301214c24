"""What reading a section will cost: tokens and bytes by part, from the model's own config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from llamavid_demo.model.load import empty_network
from llamavid_demo.model.loaded import ModelConfig, Network

GIB = 1 << 30
PROMPT_TOKENS = 128  # fixed texts and a question, generously
_BITS = {"4bit": 4.127, "8bit": 8.0}  # NF4 with double quantization: 4 + 8/64 + 32/(64·256) bits a weight


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
    parts = {name: _part_bytes(part, quantization, size) for name, part in network.parts().items()}
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


def encoding_bytes(config: ModelConfig, size: int, *, frames: int = 32) -> int:
    """Bytes of the activations while so many frames are encoded, at `size` bytes a number."""
    return frames * math.prod(config.patch_shape[:-1]) * (config.vision.mlp + 4 * config.vision.width) * size


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


def _part_bytes(part: nn.Module, quantization: str | None, size: int) -> int:
    decoders = [layer for layer in part.modules() if isinstance(layer, LlamaDecoderLayer)]
    linear = sum(_numel(inner) for layer in decoders for inner in layer.modules() if isinstance(inner, nn.Linear))
    bits = _BITS.get(quantization or "", 8 * size)
    return int(linear * bits / 8) + (_numel(part) - linear) * size


def _numel(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())
