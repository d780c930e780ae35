"""The fully connected layer."""

from __future__ import annotations

from math import sqrt
from typing import Any, Optional

from saitama.options import whole
from saitama.tensor import Tensor, zeros

from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """y = x W^T + b.

    Args:
        in_features, out_features: sizes of the last axis of x and y.
        bias: whether there is a b.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight: (out_features, in_features), uniform in +-1/sqrt(in_features) at the start.
        bias: (out_features,), the same; None without.

    Shape: x (..., in_features) -> y (..., out_features).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        self.in_features = whole("Linear: in_features", in_features)
        self.out_features = whole("Linear: out_features", out_features)
        self.weight = Parameter(zeros(out_features, in_features, dtype=dtype))
        self.bias: Optional[Parameter] = Parameter(zeros(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """New random starting values, as PyTorch chooses them: He et al. 2015 with a = sqrt(5)."""
        init.kaiming_uniform_(self.weight, a=sqrt(5.0))  # = uniform in +-1/sqrt(in_features)
        if self.bias is not None:
            bound = 1 / sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
