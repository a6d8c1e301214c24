"""A LoRA release of either system: an adapter in peft's layout beside the other parts, and the base that it stands on.

The adapter's matrices are added to the base's tensors as these are read, so that one of them at a time is in float32.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.base import base_tensors, find_base
from llamavid_demo.model.files import find_adapter, read_json, read_tensors

ADAPTER = "adapter_config.json"
_MATRIX = re.compile(r"^base_model\.model\.(.+)\.lora_([AB])\.weight$")

Rename = Callable[[str], str | None]
Tensors = Iterable[tuple[str, torch.Tensor]]


def is_lora(folder: Path) -> bool:
    """Whether a checkpoint folder holds an adapter and not a whole LLaMA."""
    return (folder / ADAPTER).is_file()


@dataclass
class Lora:
    """An adapter with its base's `place`; `rename` gives our name of a released tensor."""

    folder: Path
    place: Path
    rename: Rename
    config: dict[str, Any]
    pairs: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, folder: Path, rename: Rename, *, base: str | None = None) -> "Lora":
        """The adapter of a folder, with its base found. Raises `ModelError` for what is missing or damaged."""
        config = read_json(folder / ADAPTER)
        lora = cls(folder, find_base(config.get("base_model_name_or_path") or "", base), rename, config)
        if config.get("use_dora") or config.get("bias", "none") != "none":
            raise lora.trouble("it has more than LoRA's two matrices")
        try:
            tensors = list(read_tensors(find_adapter(folder)))
        except ModelError as error:
            raise lora.trouble(str(error).rstrip(".")) from error
        for key, value in tensors:
            match = _MATRIX.match(key)
            ours = match and rename(f"{match[1]}.weight")
            if not match or not ours:
                raise lora.trouble(f"{key} is no matrix of a LoRA")
            lora.pairs.setdefault(ours, {})[match[2]] = value
        if not lora.pairs or any(len(pair) < 2 for pair in lora.pairs.values()):
            raise lora.trouble("it lacks matrices")
        return lora

    def whole(self, own: Tensors, *, merge: bool = True) -> Iterator[tuple[str, torch.Tensor]]:
        """The folder's `own` tensors and those of the base that it lacks, under our names, the adapter added to them.

        Without `merge` the shapes are held to each other and nothing is added. Raises `ModelError`.
        """
        seen: set[str] = set()
        for tensors in (own, base_tensors(self.place, self.rename, shapes_only=not merge)):
            before = set(seen)
            for key, value in tensors:
                if key not in before:
                    seen.add(key)
                    yield key, self._added(key, value, merge=merge) if key in self.pairs else value
        if lost := sorted(self.pairs.keys() - seen):
            raise self.trouble(f"{lost[0]} is not in the base")

    def trouble(self, reason: str) -> ModelError:
        """Why adapter and base do not go together, and what to do."""
        name = self.config.get("base_model_name_or_path")
        return ModelError(
            f"The adapter in {self.folder} cannot be merged into {self.place} ({reason}): "
            f"copy it again, or set LLAMAVID_BASE to {name}."
        )

    def _added(self, key: str, value: torch.Tensor, *, merge: bool) -> torch.Tensor:
        a, b = self.pairs[key]["A"], self.pairs[key]["B"]  # (r, in), (out, r)
        if (b.shape[0], a.shape[1]) != tuple(value.shape) or a.shape[0] != b.shape[1]:
            raise self.trouble(f"{key} is {list(value.shape)} there")
        if not merge:
            return value
        return value.float() + self._scale(key, a.shape[0]) * (b.float() @ a.float())

    def _scale(self, key: str, rank: int) -> float:
        alpha = self.config.get("lora_alpha", 8)
        if patterns := self.config.get("alpha_pattern"):
            from peft.utils.other import get_pattern_key  # peft imports slowly

            alpha = patterns.get(get_pattern_key(patterns, key.removesuffix(".weight")), alpha)
        return float(alpha / (rank**0.5 if self.config.get("use_rslora") else rank))
