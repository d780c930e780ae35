"""Layer normalisation (Ba, Kiros and Hinton 2016): each vector is brought to mean 0 and variance 1 by itself.

Batch normalisation asks the other examples, this does not: training and evaluation are the same, and a batch of one
sequence of any length will do.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

import saitama.autograd.ops.normalise  # noqa: F401  (makes the operation known)
from saitama.nn import Module, Parameter
from saitama.options import number, whole
from saitama.tensor import Tensor, ones, zeros
from saitama.tensor.dispatch import apply
from saitama.tensor.dtype import FLOATS
from saitama.tensor.methods import pair


class LayerNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, over the last axis; names and defaults are PyTorch's.

    Args:
        normalized_shape: C, or (C,); more axes than the last are not normalised together here.
        eps: keeps the square root away from 0.
        elementwise_affine: whether there are weight and bias.
        bias: whether there is a bias.

    Attributes:
        weight: (C,), ones at first; None without elementwise_affine.
        bias: (C,), zeros at first; None without.

    Shape: x (..., C) -> (..., C); var is the biased variance, divided by C. Raises ValueError for another last axis,
    TypeError for anything but a Tensor of floats.
    """

    def __init__(
        self,
        normalized_shape: Union[int, Sequence[int]],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        sizes = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
        last = sizes[0] if len(sizes) == 1 else normalized_shape
        size = whole("LayerNorm: normalized_shape", last, wanted="the size of the last axis, from 1 on")
        self.normalized_shape = sizes = (size,)
        self.eps = float(number("LayerNorm: eps", eps))
        self.weight: Optional[Parameter] = Parameter(ones(sizes, dtype=dtype)) if elementwise_affine else None
        self.bias: Optional[Parameter] = Parameter(zeros(sizes, dtype=dtype)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor) or x.array.dtype not in FLOATS:
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"LayerNorm: expected a Tensor of floats, got {kind}")
        if x.array.shape[-1:] != self.normalized_shape:
            raise ValueError(f"LayerNorm: expected shape (..., {self.normalized_shape[0]}), got {x.shape}")
        if self.weight is None:
            return apply("LayerNorm", (x,), eps=self.eps)
        x, weight = pair(x, self.weight)
        parameters = (weight,) if self.bias is None else (weight, pair(x, self.bias)[1])
        return apply("LayerNorm", (x, *parameters), eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}" + (
            "" if self.bias is not None else f", elementwise_affine={self.weight is not None}, bias=False"
        )
