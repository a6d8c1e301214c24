"""LoRA on the frozen base: what is trained, and the checkpoint that comes of it, in peft's own layout."""

from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig
from safetensors.torch import load_file, save_file
from torch import nn

from llamavid_demo.training.learning import product_type

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def lora_config(base: str, rank: int) -> LoraConfig:
    """LoRA on all linear layers of each block."""
    return LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=LINEAR, task_type="CAUSAL_LM",
        base_model_name_or_path=base, inference_mode=True,
    )  # fmt: skip


class _Merged(torch.autograd.Function):
    """x @ (W + scale B A).T, with gradients of x, A and B: one product where LoRA's two branches take four."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, scale: float) -> Any:
        a, b = a.to(weight.dtype), b.to(weight.dtype)
        merged = torch.addmm(weight, b, a, alpha=scale)
        ctx.save_for_backward(x, merged, a, b)
        ctx.scale = scale
        return x.to(weight.dtype) @ merged.T

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, merged, a, b = ctx.saved_tensors
        below = grads[0] @ merged if ctx.needs_input_grad[0] else None
        flat, rows = grads[0].flatten(0, -2), x.to(merged.dtype).flatten(0, -2)
        of_a = ((flat @ b).T @ rows).float() * ctx.scale
        of_b = (flat.T @ (rows @ a.T)).float() * ctx.scale
        return below, None, of_a, of_b, None


class LoraLinear(nn.Module):
    """A frozen matrix (out, in) with its LoRA matrices `a` (r, in) and `b` (out, r), begun as peft does."""

    def __init__(self, frozen: nn.Linear, config: LoraConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        out, inside = frozen.weight.shape
        self.register_buffer("weight", frozen.weight.detach(), persistent=False)
        device = frozen.weight.device
        begun = nn.init.kaiming_uniform_(torch.empty(config.r, inside), a=5**0.5, generator=generator)
        self.a = nn.Parameter(begun.to(device))
        self.b = nn.Parameter(torch.zeros(out, config.r, device=device))
        self.scale = config.lora_alpha / config.r

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs (…, out) of (…, in), in the frozen matrix's type."""
        merged = _Merged.apply(x, self.weight, self.a, self.b, self.scale)  # type: ignore[no-untyped-call]  # torch's
        return cast(torch.Tensor, merged)


class Adapter(nn.Module):
    """The LoRA matrices of a LLaMA, float32, which stay where they are in it.

    The base is frozen, in the type that its device multiplies in.
    """

    def __init__(self, llama: Any, config: LoraConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        llama.to(product_type(llama.device)).requires_grad_(False)
        self.matrices = nn.ParameterDict()
        generator = torch.Generator().manual_seed(seed)
        for name, module in list(llama.named_modules()):
            if name.rpartition(".")[2] in LINEAR:
                lora = LoraLinear(module, config, generator)
                llama.set_submodule(name, lora)
                self.matrices[f"{name}.lora_A".replace(".", "/")] = lora.a
                self.matrices[f"{name}.lora_B".replace(".", "/")] = lora.b

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
    return f"base_model.model.{name.replace('/', '.')}.weight"
