"""Throw-away heads: what a network should know is read off its hidden states while it learns."""

from collections.abc import Mapping

import torch
from torch import nn


class LabelHeads(nn.Module):
    """One linear head a kind of label, from states `width` wide to that kind's number of classes."""

    def __init__(self, width: int, classes: Mapping[str, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({kind: nn.Linear(width, count) for kind, count in classes.items()})

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Begin without an opinion."""
        for parameter in self.parameters():
            parameter.normal_(0, 0.02, generator=generator)
