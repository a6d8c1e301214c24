"""A LoRA release: an adapter in peft's layout beside the other parts, and the base that it is merged into."""

import logging
from collections.abc import Iterator
from pathlib import Path

import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.base import find_base, load_base
from llamavid_demo.model.files import read_json

ADAPTER = "adapter_config.json"


def is_lora(folder: Path) -> bool:
    """Whether a checkpoint folder holds an adapter and not a whole LLaMA."""
    return (folder / ADAPTER).is_file()


class MergedLlama:
    """The LLaMA of a LoRA release, its adapter merged into the base, tensor by tensor under our names.

    Raises `ModelError` when base or adapter are missing, damaged, or don't fit each other.
    """

    def __init__(self, folder: Path, *, base: str | None = None) -> None:
        name = read_json(folder / ADAPTER).get("base_model_name_or_path") or ""
        place = find_base(name, base)
        llama = load_base(place)
        # peft imports bitsandbytes, which tells what it lacks; other checkpoints need not wait for both.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from peft import PeftModel

        try:
            merged = PeftModel.from_pretrained(llama, str(folder)).merge_and_unload()
        except Exception as error:  # whatever peft trips over, adapter and base don't go together
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"The adapter in {folder} cannot be merged into {place} ({reason}): "
                f"copy it again, or set LLAMAVID_BASE to {name}."
            ) from error
        self._tensors = {f"llama.{key}": value for key, value in merged.state_dict().items()}
        self._tensors["llama.lm_head.weight"] = merged.lm_head.weight.detach()

    @property
    def shapes(self) -> dict[str, torch.Tensor]:
        """Names and shapes, as tensors without memory: whoever keeps them keeps nothing of the LLaMA alive."""
        return {name: tensor.to("meta") for name, tensor in self._tensors.items()}

    def take(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Each tensor once; what was taken is forgotten here, so that memory holds the LLaMA once."""
        while self._tensors:
            yield self._tensors.popitem()
