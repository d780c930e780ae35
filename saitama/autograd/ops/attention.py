"""Scaled dot-product attention as one operation that keeps no matrix of weights: FlashAttention (Dao et al. 2022)."""

from __future__ import annotations

from typing import Optional

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Attention(Function):
    """y = P v with P = softmax(scale q k^T + mask). With dP = dL/dy v^T and D the sum of each row of dP P:

    dL/dv = P^T dL/dy,  dS = P (dP - D),  dL/dq = scale dS k,  dL/dk = scale dS^T q

    q (..., T, d), k (..., S, d), v (..., S, d_v), mask bool or floats (..., T, S) or absent -> y (..., T, d_v); the
    axes in front broadcast. What is kept is y and, for each query, the logarithm of its sum of e^score, from which the
    kernel makes P again piece by piece. A mask has no derivative here.
    """

    __slots__ = ("is_causal", "scale")
    params = ("is_causal", "scale")

    def __init__(self, is_causal: bool, scale: float) -> None:
        self.is_causal, self.scale = is_causal, scale

    def forward(self, q: K.Array, k: K.Array, v: K.Array, mask: Optional[K.Array] = None) -> K.Array:
        y, lse = K.attention(q, k, v, mask, self.is_causal, self.scale)  # (..., T, d_v), (..., T)
        self.saved = q, k, v, mask, y, lse
        return y

    def backward(self, dy: K.Array) -> Gradients:
        q, k, v, mask, y, lse = self.saved
        gradients = K.attention_grad(dy, q, k, v, mask, self.is_causal, self.scale, y, lse)  # of the whole batch
        return tuple(
            (dx if dx.shape == x.shape else K.sum_to(dx, x.shape)) if need else None
            for x, dx, need in zip((q, k, v), gradients, self.needs)
        ) + (None,) * (mask is not None)
