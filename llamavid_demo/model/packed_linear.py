"""Linear layers for few rows on a CPU: weights laid out once as oneDNN reads them fastest.

A step multiplies one row for each conversation with every weight of the LLaMA. PyTorch's own product takes twice as
long for up to 16 rows, and as long for the hundreds of rows that a section is read in.
"""

from typing import Any

import torch
from torch import nn


class PackedLinear(nn.Linear):
    """A linear layer whose weight is in oneDNN's blocked layout; it cannot learn any more. Copies are plain again."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (…, in) → (…, out)."""
        return torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, "none", [], "")

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Linear:
        plain = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        plain.load_state_dict(self.state_dict(), assign=True)
        return plain.requires_grad_(False)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight.detach().to_dense()


def pack_linear(network: nn.Module) -> None:
    """Pack the linear layers that compute in float32 on a CPU; where PyTorch has no oneDNN, none."""
    if not torch.backends.mkldnn.is_available():
        return
    for layer in network.modules():
        if type(layer) is nn.Linear and layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu":
            packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach())
            layer.weight = nn.Parameter(packed, requires_grad=False)
            layer.__class__ = PackedLinear
