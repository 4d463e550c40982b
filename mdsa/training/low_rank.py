"""Low-rank additions to frozen linear maps (Hu et al., arXiv:2106.09685)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["LowRankLinear"]


class LowRankLinear(nn.Module):
    """A frozen linear map with a low-rank addition; the addition's master weights are float32.

    Args:
        base: what is added to.
        rank: of the addition.
        scale: the addition is multiplied by it.
    """

    def __init__(self, base: nn.Linear, rank: int, scale: float = 1.0) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.scale = scale
        self.a = nn.Parameter(torch.empty(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=5**0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (…, inputs) to (…, outputs)."""
        flat = x.flatten(0, -2)
        low = functional.linear(flat, self.a.to(x.dtype))
        whole = functional.linear(flat, self.base.weight, self.base.bias)
        made = torch.addmm(whole, low.to(whole.dtype), (self.b * self.scale).to(whole.dtype).t())
        return made.view(*x.shape[:-1], -1)
