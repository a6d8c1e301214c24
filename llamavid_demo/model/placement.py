"""Where the weights live and in which type, with the reason for each choice."""

import logging
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import infer_auto_device_map
from accelerate.utils import CustomDtype, get_balanced_memory, get_max_memory
from torch import nn

from llamavid_demo.errors import ModelError
from llamavid_demo.model.int4_linear import has_kernel

log = logging.getLogger(__name__)

# How bitsandbytes' layers, by name as it imports slowly, hold a weight. Accelerate takes the name "int4" for no bytes.
_HELD = {"Linear4bit": CustomDtype.INT4, "Linear8bitLt": torch.int8}


@dataclass(frozen=True)
class Placement:
    """Device of the small parts, type of the weights, form of the LLaMA's linear layers, and why.

    `named`: a person chose the type or the form; `shrunk`: the form was chosen because weights in full do not fit.
    """

    device: torch.device
    dtype: torch.dtype
    quantization: str | None
    spread: bool
    reason: str
    named: bool = False
    shrunk: bool = False

    @property
    def held(self) -> str | None:
        """How weights are counted: see `held_form`."""
        return held_form(self.quantization, self.device)


def held_form(quantization: str | None, device: torch.device) -> str | None:
    """How weights are counted: those of 4 bits take some more where PyTorch's kernel multiplies them."""
    return "int4" if quantization == "4bit" and has_kernel(device) else quantization


def choose_placement(device: str | None, dtype: str | None, quantization: str | None) -> Placement:
    """Fill in what a person left open. `quantization` is 4bit, 8bit, none, or None for the default.

    Raises `ModelError` for an unknown value or a device that isn't there.
    """
    spread = device == "auto"
    cuda = torch.cuda.is_available()
    try:
        where = torch.device(("cuda" if cuda else "cpu") if device in (None, "auto") else device)
    except RuntimeError as error:
        raise ModelError(f"Device {device!r} is not known: use cpu, cuda, cuda:1 or auto.") from error
    if where.type == "cuda" and not cuda:
        raise ModelError(f"Device {device!r} was asked for, but PyTorch sees no CUDA card: use cpu.")
    if quantization not in (None, "4bit", "8bit", "none"):
        raise ModelError(f"Quantization {quantization!r} is not known: use 4bit, 8bit or none.")
    named = bool(dtype or quantization)
    why = [f"{where} " + ("was asked for" if device else "is the best that PyTorch sees")]
    if dtype:
        weights = getattr(torch, dtype)
        why.append(f"{dtype} was asked for")
    else:
        weights = torch.float16 if where.type == "cuda" else torch.float32
        why.append(f"{str(weights).removeprefix('torch.')} is " + ("as released" if cuda else "fastest on a CPU"))
    if quantization is None:
        quantization = "4bit" if where.type == "cuda" else "none"
        why.append("4bit fits 24 GB" if quantization == "4bit" else "no quantization on a CPU")
    form = None if quantization == "none" else quantization
    return Placement(where, weights, form, spread, "; ".join(why), named)


def device_map(llama: nn.Module, placement: Placement, *, beside: int = 0) -> dict[str, int | str | torch.device]:
    """Device of each part of the LLaMA: all on one, or spread by accelerate evenly over the cards that are there.

    The first card also takes `beside` bytes of the other parts. Layers are counted as they will be held, so a LLaMA to
    be quantized should have its layers for that already; keys and values go where their layers are.
    """
    if not placement.spread:
        return {"": placement.device}
    room = get_max_memory()
    if 0 in room:
        room[0] = max(0, room[0] - beside)
    sizes: dict[str, Any] = {
        "no_split_module_classes": ["LlamaDecoderLayer"],
        "dtype": placement.dtype,
        "special_dtypes": {
            f"{name}.weight": _HELD[type(layer).__name__]
            for name, layer in llama.named_modules()
            if type(layer).__name__ in _HELD
        },
    }
    return infer_auto_device_map(llama, max_memory=get_balanced_memory(llama, room, **sizes), **sizes)
