"""Normalisation: mean 0 and variance 1, over a batch or over one vector, before a learnt scale and shift."""

from __future__ import annotations

from typing import Optional

from saitama.tensor.backend import K

from ..function import Function, Gradients


class BatchNorm(Function):
    """y = x̂ w + b,  x̂ = (x - mean) / s,  s = sqrt(var + eps), with mean and (biased) variance over the batch of N.

    mean and var depend on every x, so (Ioffe and Szegedy 2015, section 3)
    dL/dx = w / s (dL/dy - mean(dL/dy) - x̂ mean(dL/dy x̂)),  dL/dw = sum(dL/dy x̂),  dL/db = sum(dL/dy).

    x (N, C), w (C,) and b (C,) or both absent -> y (N, C); means and sums run over N.
    """

    __slots__ = ("eps",)
    params = ("eps",)

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: K.Array, w: Optional[K.Array] = None, b: Optional[K.Array] = None) -> K.Array:
        y, mean, var = K.batch_norm(x, w, b, self.eps)  # (N, C), (C,), (C,)
        self.saved = x, w, mean, var
        return y

    def backward(self, dy: K.Array) -> Gradients:
        x, w, mean, var = self.saved
        gradients = K.batch_norm_grad(dy, x, w, mean, var, self.eps)  # (N, C), (C,), (C,)
        return tuple(gradient if need else None for gradient, need in zip(gradients, self.needs))


class LayerNorm(Function):
    """y = x̂ w + b,  x̂ = (x - mean) / s,  s = sqrt(var + eps), with mean and (biased) variance over the last axis.

    mean and var depend on every x of the row, so with g = w dL/dy (Ba et al. 2016)
    dL/dx = (g - mean(g) - x̂ mean(g x̂)) / s,  dL/dw = sum(dL/dy x̂),  dL/db = sum(dL/dy).

    x (..., C), w (C,) or absent, b (C,) or absent -> y (..., C); the sums run over all rows.
    """

    __slots__ = ("eps",)
    params = ("eps",)

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: K.Array, w: Optional[K.Array] = None, b: Optional[K.Array] = None) -> K.Array:
        y, mean, rstd = K.layer_norm(x, w, b, self.eps)  # (..., C), (...), (...); rstd = 1 / s
        self.saved = x, w, mean, rstd
        return y

    def backward(self, dy: K.Array) -> Gradients:
        x, w, mean, rstd = self.saved
        gradients = K.layer_norm_grad(dy, x, w, mean, rstd)  # (..., C), (C,), (C,)
        return tuple(gradient if need else None for gradient, need in zip(gradients, self.needs))
