"""Whether weights fit the memory that is free, reckoned from shapes before any is read."""

import logging
import math
from dataclasses import replace

import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from llamavid_demo.errors import ModelError
from llamavid_demo.machine import available_memory
from llamavid_demo.model import int4_linear
from llamavid_demo.model.loaded import ModelConfig, Network
from llamavid_demo.model.placement import Placement

log = logging.getLogger(__name__)

SHARE = 0.95  # of what is free: other programs take some
IN_FOUR_BITS = "Its weights are held in 4 bits: in full they do not fit this machine's memory."
# NF4 with double quantization: 4 + 8/64 + 32/(64·256) bits a weight.
_BITS = {"4bit": 4.127, "int4": int4_linear.BITS, "8bit": 8.0}


def fitting(placement: Placement, network: Network, *, name: object = "The model") -> Placement:
    """The placement as it fits what is free, for a `network` on the meta device, not yet quantized.

    On a CPU, where the person named no precision, weights that do not fit in full are held in 4 bits. Raises
    `ModelError` where they do not fit either way. What is spread over several cards is left to accelerate.
    """
    if placement.spread:
        return placement
    free = int(free_bytes(placement.device) * SHARE)
    need = loading_bytes(network, placement.held, placement.dtype)
    if need <= free:
        return placement
    smaller = replace(
        placement, quantization="4bit",
        reason=f"{placement.reason}; in 4 bits, as {need / 1e9:.1f} GB are needed in full and {free / 1e9:.1f} GB free",
    )  # fmt: skip
    least = loading_bytes(network, smaller.held, placement.dtype)
    if least <= free and not placement.named and placement.device.type == "cpu":
        log.warning("%s: %s", name, IN_FOUR_BITS)
        return replace(smaller, shrunk=True)
    if not placement.named:
        need = min(need, least)
    full, there, in_four = f"{need / 1e9:.1f}", f"{free / 1e9:.1f}", f"{least / 1e9:.1f}"
    if least <= free:
        raise ModelError(
            f"{name} needs {full} GB for its weights and {there} GB are free on {placement.device}: "
            f"--quantization 4bit takes {in_four} GB."
        )
    raise ModelError(
        f"{name} needs {full} GB for its weights and {there} GB are free on {placement.device}: "
        "choose a smaller model, or close other programs."
    )


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on a device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_memory()


def loading_bytes(network: Network, quantization: str | None, dtype: torch.dtype) -> int:
    """Bytes of all weights as they will be held, and of what encoding frames takes beside them."""
    weights = sum(part_bytes(part, quantization, dtype.itemsize) for part in network.parts().values())
    return weights + encoding_bytes(network.config, dtype.itemsize)


def encoding_bytes(config: ModelConfig, size: int, *, frames: int = 32) -> int:
    """Bytes of the activations while so many frames are encoded, at `size` bytes a number."""
    return frames * math.prod(config.patch_shape[:-1]) * (config.vision.mlp + 4 * config.vision.width) * size


def part_bytes(part: nn.Module, quantization: str | None, size: int) -> int:
    """Bytes of a part's weights: linear layers of its decoder layers as quantized, the rest at `size` bytes each."""
    decoders = [layer for layer in part.modules() if isinstance(layer, LlamaDecoderLayer)]
    linear = sum(_numel(inner) for layer in decoders for inner in layer.modules() if isinstance(inner, nn.Linear))
    bits = _BITS.get(quantization or "", 8 * size)
    return int(linear * bits / 8) + (_numel(part) - linear) * size


def _numel(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())
