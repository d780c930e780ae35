"""What transformer blocks share: the position-wise feed-forward network, and a residual connection around each part.

A residual connection (He et al. 2015) adds what a part has found to what was there: dL/dx passes through the sum
unchanged, however many blocks are stacked. The normalisation stands after the sum (post-norm, as in "Attention Is All
You Need") or before the part (pre-norm, as in GPT-2), which leaves the way of the sum free and needs no warm-up (Xiong
et al. 2020).
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from saitama.nn import Linear, Module
from saitama.nn import functional as F
from saitama.regularization import Dropout
from saitama.tensor import Tensor
from saitama.tensor.dtype import is_float

from .layer_norm import LayerNorm

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


class Residual(Module):
    """Base of the blocks. Its subclasses set up their attention first, then call `_feed_forward_parts`, so that names
    and order of the parameters are PyTorch's."""

    def _options(self, d_model: int, dropout: float, activation: str, norm_first: bool) -> None:
        if activation not in ACTIVATIONS:
            names = " or ".join(f'"{name}"' for name in ACTIVATIONS)
            raise ValueError(f"{type(self).__name__}: activation must be {names}, got {activation!r}")
        self.d_model, self.p = d_model, dropout
        self.activation, self.norm_first = activation, bool(norm_first)

    def _feed_forward_parts(self, hidden: Optional[int], norms: int, eps: float, bias: bool, dtype: Any) -> None:
        """linear1 (C -> hidden), linear2 (hidden -> C), norm1, norm2, ... and dropout."""
        C = self.d_model
        hidden = 4 * C if hidden is None else hidden
        self.linear1, self.linear2 = Linear(C, hidden, bias, dtype=dtype), Linear(hidden, C, bias, dtype=dtype)
        for number in range(1, norms + 1):
            setattr(self, f"norm{number}", LayerNorm(C, eps, bias=bias, dtype=dtype))
        self.dropout = Dropout(self.p)

    def feed_forward(self, x: Tensor) -> Tensor:
        """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, at every position alike (section 3.3)."""
        return self.linear2(self.dropout(ACTIVATIONS[self.activation](self.linear1(x))))

    def _residual(self, x: Tensor, norm: Module, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x + part(norm(x)), or norm(x + part(x))."""
        if self.norm_first:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))

    def _check(self, x: Any, what: str = "x") -> None:
        if not isinstance(x, Tensor) or not is_float(x.dtype):
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{type(self).__name__}: {what} must be a Tensor of floats, got {kind}")
        if x.ndim not in (2, 3) or x.shape[-1] != self.d_model:
            raise ValueError(
                f"{type(self).__name__}: expected {what} of shape (B, T, {self.d_model}) or (T, {self.d_model}), "
                f"got {x.shape}"
            )

    def extra_repr(self) -> str:
        return f"{'pre' if self.norm_first else 'post'}-norm, activation={self.activation!r}"
