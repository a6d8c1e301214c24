"""A matrix with LoRA gives outputs and gradients as its two branches written out."""

import torch
from torch import nn

from llamavid_demo.training.english.adapter import LoraLinear, lora_config


def test_outputs_and_gradients_are_those_of_the_two_branches() -> None:
    torch.manual_seed(0)
    frozen = nn.Linear(12, 20, bias=False)
    lora = LoraLinear(frozen, lora_config("base", 4))
    nn.init.normal_(lora.b)
    x = torch.randn(2, 5, 12, requires_grad=True)
    wanted = frozen(x) + lora.scale * (x @ lora.a.T) @ lora.b.T
    of_wanted = torch.autograd.grad(wanted.square().sum(), (x, lora.a, lora.b))
    made = lora(x)
    torch.testing.assert_close(made, wanted)
    torch.testing.assert_close(
        torch.autograd.grad(made.square().sum(), (x, lora.a, lora.b)), of_wanted, rtol=1e-4, atol=1e-3
    )


def test_a_new_adapter_changes_nothing() -> None:
    frozen = nn.Linear(12, 20, bias=False)
    x = torch.randn(3, 12)
    torch.testing.assert_close(LoraLinear(frozen, lora_config("base", 4))(x), frozen(x))
