"""The state of a training on disk: parameters that learn and AdamW's moments, in safetensors; never pickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from llamavid_demo.errors import TrainingError

FILE = "state.safetensors"
KEPT = "training"
_MOMENTS = ("exp_avg", "exp_avg_sq")


def save_state(
    folder: Path, learning: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer, step: int, about: Any
) -> None:
    """Save beside, then rename: a kill leaves the old state or the new one, never half of one."""
    tensors = {f"weight/{name}": parameter.detach() for name, parameter in learning.items()}
    for name, parameter in learning.items():
        for moment in _MOMENTS if step else ():
            tensors[f"{moment}/{name}"] = optimiser.state[parameter][moment]
    part = folder / f"{FILE}.part"
    metadata = {KEPT: json.dumps({"step": step, "about": about}, sort_keys=True)}  # of several, the order is by chance
    save_file({key: tensor.cpu().contiguous() for key, tensor in tensors.items()}, part, metadata=metadata)
    part.replace(folder / FILE)


def load_state(folder: Path, learning: Mapping[str, nn.Parameter], optimiser: torch.optim.Optimizer, about: Any) -> int:
    """Take over a saved state, if there is one, and say at which step it was.

    Raises `TrainingError` for the state of another training, or a damaged one.
    """
    path = folder / FILE
    if not path.is_file():
        return 0
    try:
        with safe_open(path, framework="pt") as file, torch.no_grad():
            kept = json.loads(file.metadata()[KEPT])
            if kept["about"] != json.loads(json.dumps(about)):
                raise TrainingError(
                    f"{path} belongs to another training, of other data, base or numbers: "
                    "give another --work, or begin anew with --no-resume."
                )
            step = int(kept["step"])
            for name, parameter in learning.items():
                parameter.copy_(file.get_tensor(f"weight/{name}"))
                if step:
                    moments = {m: file.get_tensor(f"{m}/{name}").to(parameter.device) for m in _MOMENTS}
                    optimiser.state[parameter] = {"step": torch.tensor(float(step)), **moments}
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is damaged: begin anew with --no-resume.") from error
    return step
