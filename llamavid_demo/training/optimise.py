"""Optimisers and the learning rate: Muon for the matrices inside blocks, AdamW for everything else."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

WARM_UP = 50


class Optimiser:
    """Muon and AdamW as one, with a warm-up and a linear end.

    `decay` is the share of the steps in which the rate falls to nothing; `shares` scale the rate of single modules.
    Without `muon` it is AdamW alone, as for LoRA.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        *,
        rate: float,
        steps: int,
        decay: float,
        shares: Mapping[str, float],
        muon: bool = True,
    ) -> None:
        self.steps, self.decay = steps, decay
        self.parameters: list[nn.Parameter] = []
        self.parts: list[torch.optim.Optimizer] = []
        for key, module in modules.items():
            named = list(module.named_parameters())
            matrices = [p for name, p in named if muon and p.ndim == 2 and "layer" in name]
            inside = {id(p) for p in matrices}
            rest = [p for _, p in named if id(p) not in inside]
            mine = rate * shares.get(key, 1.0)
            self.parameters += [*matrices, *rest]
            if matrices:
                of_matrices = torch.optim.Muon(matrices, lr=mine, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
                self.parts.append(of_matrices)
            if rest:
                self.parts.append(
                    torch.optim.AdamW(
                        rest, lr=mine / 2 if muon else mine, betas=(0.9, 0.98), weight_decay=0.0, fused=True
                    )
                )
        self._rates = [part.param_groups[0]["lr"] for part in self.parts]

    def step(self, loss: torch.Tensor, number: int) -> None:
        """One step down the gradient of `loss`; `number` counts from 0.

        One without a gradient is told only: the step has added up gradients itself.
        """
        for part, rate in zip(self.parts, self._rates, strict=True):
            part.param_groups[0]["lr"] = rate * self.share(number)
        if loss.requires_grad:
            loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for part in self.parts:
            part.step()
            part.zero_grad(set_to_none=True)  # a step may have added up gradients before it gave its loss

    def share(self, number: int) -> float:
        """Share of the full learning rate at a step."""
        return min(1.0, (number + 1) / WARM_UP, (self.steps - number) / (self.decay * self.steps))

    def state_dict(self) -> list[dict[str, Any]]:
        """State of all optimisers."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Go on where `state_dict` was taken."""
        for part, saved in zip(self.parts, state, strict=True):
            part.load_state_dict(saved)
