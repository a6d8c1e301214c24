"""LoRA on the frozen base: what is trained, and the checkpoint that comes of it, in peft's own layout."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file, save_file
from torch import nn

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora_config(base: str, rank: int) -> LoraConfig:
    """LoRA on all linear layers of each block."""
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=LINEAR, task_type="CAUSAL_LM",
        base_model_name_or_path=base, inference_mode=True,
    )  # fmt: skip


class Adapter(nn.Module):
    """The LoRA matrices of a LLaMA, float32, which stay where they are in it; the base is frozen, in bfloat16."""

    def __init__(self, llama: Any, config: LoraConfig) -> None:
        super().__init__()
        self.config = config
        llama.to(torch.bfloat16).requires_grad_(False)
        inject_adapter_in_model(config, llama)
        self.matrices = nn.ParameterDict()
        for name, parameter in llama.named_parameters():
            if "lora_" in name:
                parameter.data = parameter.data.float()
                parameter.requires_grad_(True)
                self.matrices[name.replace(".", "/")] = parameter

    def begin_with(self, folder: Path) -> None:
        """Take over the matrices that a checkpoint of the same rank has."""
        saved = load_file(folder / "adapter_model.safetensors")
        with torch.no_grad():
            for name, matrix in self.matrices.items():
                matrix.copy_(saved[_published(name)])

    def save(self, folder: Path) -> None:
        """Write `adapter_config.json` and `adapter_model.safetensors` (float16), as peft reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        half = {_published(name): matrix.detach().cpu().half().contiguous() for name, matrix in self.matrices.items()}
        save_file(half, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        self.config.save_pretrained(str(folder))


def _published(name: str) -> str:
    """A matrix's name in `adapter_model.safetensors`."""
    return f"base_model.model.{name.replace('/', '.').replace('.default', '')}"
