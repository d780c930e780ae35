"""Softmax and its logarithm along one axis. Subtracting the maximum first changes nothing but keeps e^x in range."""

from __future__ import annotations

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Softmax(Function):
    """y_i = e^x_i / sum_j e^x_j;  dL/dx_i = y_i (dL/dy_i - sum_j dL/dy_j y_j)."""

    __slots__ = ("dim",)
    params = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.softmax(x, self.dim)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.softmax_grad(self.saved, dy, self.dim),)


class LogSoftmax(Function):
    """y_i = x_i - ln sum_j e^x_j;  dL/dx_i = dL/dy_i - e^y_i sum_j dL/dy_j."""

    __slots__ = ("dim",)
    params = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.log_softmax(x, self.dim)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.log_softmax_grad(self.saved, dy, self.dim),)
