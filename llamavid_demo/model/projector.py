"""The projector between vision and language: patches' width to the LLaMA's."""

import re

from torch import nn

from llamavid_demo.errors import ModelError


def build_projector(kind: str, visual_width: int, llama_width: int) -> nn.Module:
    """`linear`, or `mlp2x_gelu` and its deeper kin; raises `ModelError` for another kind."""
    if kind == "linear":
        return nn.Linear(visual_width, llama_width)
    match = re.fullmatch(r"mlp(\d+)x_gelu", kind)
    if not match:
        raise ModelError(f"mm_projector_type {kind!r} is not known: linear or mlp2x_gelu are.")
    layers: list[nn.Module] = [nn.Linear(visual_width, llama_width)]
    for _ in range(int(match[1]) - 1):
        layers += [nn.GELU(), nn.Linear(llama_width, llama_width)]
    return nn.Sequential(*layers)
