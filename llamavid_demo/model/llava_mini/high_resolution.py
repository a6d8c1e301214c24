"""LLaVA-Mini's high-resolution mode: a picture is read in 2×2 parts besides the whole, and still is one token."""

import copy
from dataclasses import replace

from llamavid_demo.errors import ModelError
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.loaded import LoadedModel

PARTS = 2  # a side


def in_high_resolution(model: LoadedModel) -> LoadedModel:
    """The same weights, that read pictures in parts. Raises `ModelError` for a model that can't.

    Both share one network: only one of them may compute at a time.
    """
    if not isinstance(model, LoadedLlavaMini):
        raise ModelError(f"{model.name} reads no pictures in parts: leave out high resolution, or take a LLaVA-Mini.")
    network = copy.copy(model.network)
    network.config = replace(model.config, resolution_ratio=PARTS)
    return replace(model, network=network)
