"""Linear layers with weights of 4 bits for CPUs that have no products in bfloat16, by PyTorch's own kernel.

On such a CPU bitsandbytes unpacks all weights for every token, which takes tens of times as long as reading them.
"""

from functools import cache

import torch
from torch import nn

from llamavid_demo.model.packed_linear import multiplies_bfloat16

GROUP = 32  # weights that share a scale and a middle, 16 bits each: 5 bits a weight
BITS = 4 + 2 * 16 / GROUP
MANY = 512  # rows for which unpacking the weights costs less than the kernel, which multiplies at half the speed


def has_kernel(device: torch.device | str | int) -> bool:
    """Whether weights of 4 bits on this device are best multiplied by PyTorch's kernel."""
    return torch.device(device).type == "cpu" and not multiplies_bfloat16()


class Int4Linear(nn.Linear):
    """A linear layer of 4-bit weights: evenly spaced steps between the least and the largest of each `GROUP`.

    Products are in bfloat16, sums in float32; what comes out has the type of the rows. On weights as models have them
    the rounding error is a seventh smaller than NF4's.
    """

    scales: torch.Tensor  # (in / GROUP, out, 2): the width of a step, and the value of the middle one

    def pack(self, weight: torch.Tensor) -> nn.Parameter:
        """Round a weight (out, in), keep its scales, and give it as the kernel reads it."""
        groups = weight.float().unflatten(1, (-1, GROUP))
        least, largest = groups.amin(dim=-1), groups.amax(dim=-1)
        step = ((largest - least) / 15).clamp(min=1e-8).bfloat16()
        middle = (least + 8 * step.float()).bfloat16()
        steps = ((groups - middle.float()[..., None]) / step.float()[..., None]).round() + 8
        self.scales = torch.stack([step, middle], dim=-1).transpose(0, 1).contiguous()
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(steps.clamp(0, 15).int().flatten(1), 1)
        return nn.Parameter(packed, requires_grad=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (…, in) → (…, out)."""
        given = rows.reshape(-1, self.in_features)
        if len(given) < MANY or self.out_features % lanes().numel():
            args = (given.bfloat16(), self.weight, GROUP, self.scales)
            product = torch.ops.aten._weight_int4pack_mm_for_cpu(*args).to(rows.dtype)
        else:
            product = given @ self.unpacked().to(rows.dtype)
        product = product.view(*rows.shape[:-1], self.out_features)
        return product if self.bias is None else product + self.bias

    def unpacked(self) -> torch.Tensor:
        """The rounded weights (in, out), float32."""
        order = lanes()
        packed = self.weight.view(-1, self.in_features, order.numel() // 2)  # (blocks of outputs, in, bytes)
        steps = torch.cat([packed & 15, packed >> 4], dim=-1)
        if not torch.equal(order, torch.arange(order.numel())):
            steps = steps[..., order]
        steps = steps.transpose(0, 1).reshape(-1, GROUP, self.out_features)
        step, middle = self.scales.float().unbind(dim=-1)
        return torch.addcmul((middle - 8 * step)[:, None], steps.float(), step[:, None]).flatten(0, 1)


@cache
def lanes() -> torch.Tensor:
    """Where each output of a block stands among the low halves of the block's bytes, then the high ones.

    It depends on the CPU, and packing tells it: the number of each output, digit by digit, then of each input.
    """
    outputs = torch.arange(256, dtype=torch.int32)[:, None].expand(-1, 2)
    low, high, inputs = (
        torch.ops.aten._convert_weight_to_int4pack_for_cpu(digit.contiguous(), 1).flatten()
        for digit in (outputs % 16, outputs // 16, torch.arange(2, dtype=torch.int32).expand(256, -1))
    )
    block = int((inputs != 0).nonzero()[0])  # bytes of the first input
    numbers = [(high[:block] >> shift & 15) * 16 + (low[:block] >> shift & 15) for shift in (0, 4)]
    return torch.cat(numbers).argsort()
