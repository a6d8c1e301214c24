"""Linear layers for few rows on a CPU: weights laid out once as oneDNN reads them fastest.

A step multiplies one row for each conversation with every weight of the LLaMA. PyTorch's own product takes twice as
long for up to 16 rows, and as long for the hundreds of rows that a section is read in.
"""

from typing import Any

import torch
from torch import nn


class PackedLinear(nn.Linear):
    """A linear layer whose weight is in oneDNN's blocked layout; it cannot learn any more. Copies are plain again.

    Its products are in the type of the weight, what comes out is in that of the rows. A single row is multiplied with
    the smaller copy `for_one`, if there is one: it takes as long as its weights take to be read.
    """

    for_one: torch.Tensor | None = None

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (…, in) → (…, out)."""
        if self.for_one is not None and rows.numel() == self.in_features:
            bias = None if self.bias is None else self.bias.to(self.for_one.dtype)
            return nn.functional.linear(rows.to(self.for_one.dtype), self.for_one, bias).to(rows.dtype)
        given = rows.to(self.weight.dtype)
        return torch.ops.mkldnn._linear_pointwise(given, self.weight, self.bias, "none", [], "").to(rows.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Linear:
        plain = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        plain.load_state_dict(self.state_dict(), assign=True)
        return plain.requires_grad_(False)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight.detach().to_dense()


def multiplies_bfloat16() -> bool:
    """Whether this CPU has instructions for products in bfloat16; without them these are slower than float32."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def pack_linear(network: nn.Module, dtype: torch.dtype = torch.float32) -> None:
    """Pack the linear layers that compute in float32 on a CPU; where PyTorch has no oneDNN, none.

    With a `dtype` of bfloat16 their weights take half the memory, which is what a step waits for. A CPU without
    products in it still reads them in half the time: there they are a second copy, which single rows are multiplied
    with; several rows stay in float32.
    """
    if not torch.backends.mkldnn.is_available():
        return
    for layer in network.modules():
        if type(layer) is nn.Linear and layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu":
            _pack(layer, dtype)


def _pack(layer: Any, dtype: torch.dtype) -> None:
    weight, for_one = layer.weight.detach(), None
    if dtype == torch.bfloat16 and not multiplies_bfloat16():
        dtype, for_one = torch.float32, weight.to(dtype)
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.to(dtype), requires_grad=False)
    layer.weight = nn.Parameter(torch.ops.mkldnn._reorder_linear_weight(weight.to(dtype)), requires_grad=False)
    layer.__class__ = PackedLinear
    layer.for_one = for_one
