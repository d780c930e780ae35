"""Numbers as 16 bits can hold them, as mixed precision computes with (see saitama.training.autocast)."""

from __future__ import annotations

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Round(Function):
    """y = the nearest number of dtype "bfloat16" or "float16", ties to even, kept in x's own dtype;  dL/dx = dL/dy.

    Rounding is a staircase, whose slope is 0 or infinite. What is meant is the slope of the line it follows.
    """

    __slots__ = ("format",)
    params = ("format",)

    def __init__(self, format: str) -> None:
        self.format = format

    def forward(self, x: K.Array) -> K.Array:
        return K.round_to(x, self.format)

    def backward(self, dy: K.Array) -> Gradients:
        return (dy,)


class RoundGradient(Function):
    """y = x;  dL/dx = dL/dy rounded: the gradient that arrives at a product is a factor of the next ones."""

    __slots__ = ("format",)
    params = ("format",)

    def __init__(self, format: str) -> None:
        self.format = format

    def forward(self, x: K.Array) -> K.Array:
        return x

    def backward(self, dy: K.Array) -> Gradients:
        return (K.round_to(dy, self.format),)
