"""A training that is killed in the middle of every stage, and begun again each time."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest


class KilledError(Exception):
    """What ends the training."""


def killed_in_every_stage(
    module: ModuleType, train: Callable[[], object], stages: Iterable[str], *, steps: int, patches: pytest.MonkeyPatch
) -> None:
    """Run `train`, whose stages a module's `run_stage` runs: killed once in each, at so many steps, then to its end."""
    whole = module.run_stage
    for stage in stages:

        def killed_in_the_middle(
            name: str, parts: Any, step: Callable, plan: Any, *, at: str = stage, **rest: Any
        ) -> None:
            calls = []

            def step_until_killed(rng: Any) -> Any:
                calls.append(rng)
                if name == at and len(calls) == steps:
                    raise KilledError
                return step(rng)

            whole(name, parts, step_until_killed, plan, **rest)

        with patches.context() as patch:
            patch.setattr(module, "run_stage", killed_in_the_middle)
            with pytest.raises(KilledError):
                train()
    train()
