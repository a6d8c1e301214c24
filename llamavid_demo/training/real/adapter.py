"""LoRA on the frozen LLaMA, by peft, and the files that it leaves, in peft's own layout."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from llamavid_demo.errors import TrainingError
from llamavid_demo.training.english.adapter import LINEAR
from llamavid_demo.training.real.stages import DROPOUT, RANK

WEIGHTS = "adapter_model.safetensors"


def add_adapter(llama: Any, base: str, *, saved: Path | None, seed: int) -> None:
    """Put LoRA on all linear layers of each block: begun anew, or those `saved` in a LoRA release.

    Raises `TrainingError` for an adapter that is damaged or of other layers.
    """
    from peft import LoraConfig, inject_adapter_in_model

    try:
        config: Any = LoraConfig.from_pretrained(str(saved)) if saved else LoraConfig(
            r=RANK, lora_alpha=2 * RANK, lora_dropout=DROPOUT, target_modules=LINEAR, task_type="CAUSAL_LM",
        )  # fmt: skip
        config.base_model_name_or_path, config.inference_mode = base, False
        llama.is_loaded_in_4bit = any(type(layer).__name__ == "Linear4bit" for layer in llama.modules())
        llama.is_loaded_in_8bit = any(type(layer).__name__ == "Linear8bitLt" for layer in llama.modules())
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            inject_adapter_in_model(config, llama)
        matrices = adapter_matrices(llama)
        known = load_file(saved / WEIGHTS) if saved else {}
        if saved and known.keys() != matrices.keys():
            raise ValueError("it is of other layers")
        with torch.no_grad():
            for name, matrix in matrices.items():
                matrix.data = matrix.data.float()
                if saved:
                    matrix.copy_(known[name])
    except Exception as error:  # whatever peft trips over, the adapter does not go with this LLaMA
        reason = str(error).splitlines()[0]
        raise TrainingError(f"LoRA cannot be put on the LLaMA of {base} ({reason}): copy both again.") from error
    llama.adapter_config = config


def adapter_matrices(llama: Any) -> dict[str, torch.nn.Parameter]:
    """The matrices of a LLaMA's adapter, under peft's published names."""
    return {
        f"base_model.model.{name.replace('.default', '')}": parameter
        for name, parameter in llama.named_parameters()
        if ".lora_" in name
    }


def save_adapter(llama: Any, folder: Path) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors` (float16), as peft reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: m.detach().to("cpu", torch.float16).contiguous() for name, m in adapter_matrices(llama).items()}
    save_file(half, folder / WEIGHTS, metadata={"format": "pt"})
    llama.adapter_config.inference_mode = True
    llama.adapter_config.save_pretrained(str(folder))
