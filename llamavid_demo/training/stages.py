"""One training stage: steps until the families are right often enough, resumable after a kill at any moment.

Each step draws its chance from (seed, stage, step) alone, so that a resumed run does what an unbroken one does.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from llamavid_demo.training.optimise import Optimiser

log = logging.getLogger(__name__)

MEMORY = 0.995  # how slowly the running accuracies forget
Scores = dict[str, float]


@dataclass(frozen=True)
class StagePlan:
    """How a stage runs: at most `steps`, fewer when all `watched` accuracies have passed `gate` (0 to 1).

    `rate` is the learning rate, `shares` what part of it single modules get; 0: they stay as they are. It falls to
    nothing in the last `decay` share of the steps. Without `muon` matrices learn by AdamW, too.
    """

    steps: int
    rate: float
    gate: float | None = None
    watched: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    decay: float = 0.3
    save_seconds: float = 120.0
    muon: bool = True
    report_every: int = 50


@dataclass(frozen=True)
class Progress:
    """Where the training stands; `scores` are running accuracies on training batches, 0 to 1."""

    stage: str
    step: int
    steps: int
    loss: float
    scores: Mapping[str, float]
    seconds: float


@dataclass
class StepResult:
    """What one batch gave: the loss to descend and, by name, who was right (1 or 0 each)."""

    loss: torch.Tensor
    right: dict[str, list[float]] = field(default_factory=dict)


Report = Callable[[Progress], None]
Step = Callable[[random.Random], StepResult]


def run_stage(
    name: str,
    parts: Mapping[str, nn.Module],
    step: Step,
    plan: StagePlan,
    *,
    folder: Path,
    seed: int,
    report: Report | None = None,
) -> None:
    """Train `parts` (by name) with `step` until the stage is done; its state lies in `folder/name.pt`.

    A finished stage is only loaded.
    """
    path = folder / f"{name}.pt"
    parts = {key: part for key, part in parts.items() if plan.shares.get(key, 1.0) > 0}
    for part in parts.values():
        part.requires_grad_(True)
    optimiser = Optimiser(parts, rate=plan.rate, steps=plan.steps, decay=plan.decay, shares=plan.shares, muon=plan.muon)
    number, scores, done, seconds = 0, Scores(), False, 0.0
    curve: list[list[Any]] = []
    if path.is_file():
        saved = torch.load(path, weights_only=True)
        for key, part in parts.items():
            part.load_state_dict(saved["parts"][key])
        number, scores = saved["step"], saved["scores"]
        done = saved["done"] or number >= plan.steps
        curve, seconds = saved["curve"], saved["seconds"]
        if not done and saved["optimiser"]:
            optimiser.load_state_dict(saved["optimiser"])
        log.info("%s: %s at step %d", name, "done" if done else "resumed", number)
    started = last_saved = time.monotonic()

    def save() -> None:
        state = {
            "parts": {key: part.state_dict() for key, part in parts.items()},
            "optimiser": [] if done else optimiser.state_dict(),
            "step": number, "scores": scores, "done": done, "curve": curve,
            "seconds": seconds + time.monotonic() - started,
        }  # fmt: skip
        write_aside(state, path)

    while not done:
        result = step(random.Random(f"{seed}/{name}/{number}"))  # noqa: S311 - chance, not secrecy
        optimiser.step(result.loss, number)
        number += 1
        _remember(scores, result.right)
        done = number >= plan.steps or (number >= 100 and _passed(scores, plan))
        if number % plan.report_every == 0 or done:
            loss = result.loss.item()
            curve.append([number, loss, dict(scores)])
            if report:
                report(Progress(name, number, plan.steps, loss, dict(scores), seconds + time.monotonic() - started))
        if done or time.monotonic() - last_saved > plan.save_seconds:
            save()
            last_saved = time.monotonic()


def forget_stages(folder: Path) -> None:
    """Delete the state of all stages in a working folder, and what they made for each other."""
    for state in (*folder.glob("*.pt"), *folder.glob("*.safetensors")):
        state.unlink()


def write_aside(state: object, path: Path) -> None:
    """Save beside `path`, then rename: a kill leaves the old file or the new one, never half of one."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _passed(scores: Scores, plan: StagePlan) -> bool:
    return plan.gate is not None and all(scores.get(family, 0.0) >= plan.gate for family in plan.watched)


def _remember(scores: Scores, right: Mapping[str, list[float]]) -> None:
    for family, hits in right.items():
        for hit in hits:
            scores[family] = MEMORY * scores.get(family, sum(hits) / len(hits)) + (1 - MEMORY) * hit
