"""What reading a section will cost: tokens and bytes by part, from the model's own config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from transformers import LlamaForCausalLM

from llamavid_demo.model.config import LlamaVidConfig
from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.load import empty_network

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
    config: LlamaVidConfig,
    *,
    frames: int,
    subtitle_tokens: int,
    quantization: str | None = None,
    dtype: torch.dtype = torch.float16,
    batch: int = 32,
    gigabytes: float = math.inf,
    network: LlamaVid | None = None,
) -> Plan:
    """Plan a section of `frames` frames and the tokens of its cues; no weights are needed.

    Keys and values are held in 8 bits where the section would not fit into `gigabytes` otherwise. A `network` that is
    at hand, not quantized, saves making an empty one.
    """
    network = network or empty_network(config)
    frame_tokens = frames * config.tokens_per_frame
    tokens = frame_tokens + subtitle_tokens + PROMPT_TOKENS
    size = dtype.itemsize
    parts = {
        "LLaMA": _llama_bytes(network.llama, quantization, size),
        "vision tower": _numel(network.vision) * size,
        "text decoder and projectors": sum(
            _numel(part) for part in (network.text_decoder, network.context, network.content)
        )
        * size,
        "KV cache": tokens * kv_bytes_per_token(config, size),
        "reading (activations)": batch * config.vision.patches * (config.vision.mlp + 4 * config.vision.width) * size,
    }
    eight_bit = sum(parts.values()) > gigabytes * GIB
    if eight_bit:
        parts["KV cache"] = tokens * kv_bytes_per_token(config, size, eight_bit=True)
    numbers = config.vision.patches * config.vision.width + config.tokens_per_frame * config.llama.hidden_size
    disk_bytes = frames * numbers * 2
    return Plan(frames, frame_tokens, subtitle_tokens, config.max_tokens, parts, disk_bytes, eight_bit)


def kv_bytes_per_token(config: LlamaVidConfig, size: int, *, eight_bit: bool = False) -> int:
    """Bytes of keys and values that one token leaves in all layers, at `size` bytes a number or a scale."""
    llama = config.llama
    heads = llama.num_key_value_heads or llama.num_attention_heads
    width = llama.hidden_size // llama.num_attention_heads
    return 2 * llama.num_hidden_layers * heads * (width + size if eight_bit else width * size)


def _llama_bytes(llama: LlamaForCausalLM, quantization: str | None, size: int) -> int:
    linear = sum(_numel(layer) for layer in llama.model.layers.modules() if isinstance(layer, nn.Linear))
    bits = _BITS.get(quantization or "", 8 * size)
    return int(linear * bits / 8) + (_numel(llama) - linear) * size


def _numel(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())
