"""4-bit and 8-bit weights for the LLaMA's linear layers, by bitsandbytes; on some CPUs 4 bits by PyTorch's own kernel.

Everything else keeps its type.
"""

from typing import Any

import bitsandbytes as bnb
import torch
from torch import nn
from transformers import BitsAndBytesConfig
from transformers.integrations import replace_with_bnb_linear

from llamavid_demo.model.int4_linear import Int4Linear, has_kernel

BLOCK = 64  # weights that share a scale
ROWS = 32  # outputs that its kernel for CPUs with bfloat16 takes at once


def prepare(
    decoder: nn.Module, kind: str, dtype: torch.dtype, *, device: torch.device | str | int | None = None
) -> None:
    """Put quantized layers (still without weights) in place of the linear layers of a LLaMA, or of some layers.

    They are bitsandbytes' where it has a fast kernel for the `device`, or none is named: these also learn. The head
    stays as it is, and so does a layer that doesn't fill bitsandbytes' blocks (toy sizes only).
    """
    linear = {name: layer for name, layer in decoder.named_modules() if isinstance(layer, nn.Linear)}
    uneven = [name for name, layer in linear.items() if layer.in_features % BLOCK or layer.out_features % ROWS]
    if kind == "4bit" and device is not None and has_kernel(device):
        for name in linear.keys() - {"lm_head", *uneven}:
            linear[name].__class__ = Int4Linear
        return
    config = BitsAndBytesConfig(
        load_in_4bit=kind == "4bit",
        load_in_8bit=kind == "8bit",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    replace_with_bnb_linear(decoder, modules_to_not_convert=["lm_head", *uneven], quantization_config=config)


def quantized_weight(layer: nn.Module, weight: torch.Tensor, device: torch.device | str | int) -> nn.Parameter | None:
    """Quantize one weight (out, in) for its layer, on the device where it will be used; None for other layers."""
    parameter: Any
    if isinstance(layer, Int4Linear):
        return layer.pack(weight)
    if isinstance(layer, bnb.nn.Linear4bit):
        parameter = bnb.nn.Params4bit(weight, quant_type="nf4", compress_statistics=True, module=layer)
    elif isinstance(layer, bnb.nn.Linear8bitLt):
        parameter = bnb.nn.Int8Params(weight, requires_grad=False)
    else:
        return None
    return parameter.to(device)  # bitsandbytes quantizes on the way
