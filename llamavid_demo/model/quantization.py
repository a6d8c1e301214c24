"""4-bit and 8-bit weights for the LLaMA's linear layers, by bitsandbytes. Everything else keeps its type."""

from typing import Any

import bitsandbytes as bnb
import torch
from torch import nn
from transformers import BitsAndBytesConfig
from transformers.integrations import replace_with_bnb_linear

BLOCK = 64  # weights that share a scale
ROWS = 32  # outputs that its kernel for CPUs with bfloat16 takes at once


def prepare(decoder: nn.Module, kind: str, dtype: torch.dtype) -> None:
    """Put bitsandbytes layers (still without weights) in place of the linear layers of a LLaMA, or of some layers.

    The head stays as it is, and so does a layer that doesn't fill bitsandbytes' blocks (toy sizes only).
    """
    uneven = [
        name
        for name, layer in decoder.named_modules()
        if isinstance(layer, nn.Linear) and (layer.in_features % BLOCK or layer.out_features % ROWS)
    ]
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
    if isinstance(layer, bnb.nn.Linear4bit):
        parameter = bnb.nn.Params4bit(weight, quant_type="nf4", compress_statistics=True, module=layer)
    elif isinstance(layer, bnb.nn.Linear8bitLt):
        parameter = bnb.nn.Int8Params(weight, requires_grad=False)
    else:
        return None
    return parameter.to(device)  # bitsandbytes quantizes on the way
