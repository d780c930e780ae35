"""Scaled dot-product attention as one operation that keeps no matrix of weights: FlashAttention (Dao et al. 2022)."""

from __future__ import annotations

from typing import Optional

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Attention(Function):
    """y = P v with P = softmax(scale q k^T + mask). With dP = dL/dy v^T and D the sum of each row of dP P:

    dL/dv = P^T dL/dy,  dS = P (dP - D),  dL/dq = scale dS k,  dL/dk = scale dS^T q

    q (..., T, h d), k (..., S, h d), v (..., S, h d_v), mask bool or floats (..., h, T, S) or absent
    -> y (..., T, h d_v): h heads side by side. With num_heads = 0 there is one, and no axis of heads in the mask. The
    axes in front broadcast. What is kept is y and, for each query, its largest score m and the sum of e^(score - m),
    from which the kernel makes P again piece by piece. A mask has no derivative here.
    """

    __slots__ = ("is_causal", "num_heads", "scale")
    params = ("num_heads", "is_causal", "scale")

    def __init__(self, num_heads: int, is_causal: bool, scale: float) -> None:
        self.num_heads, self.is_causal, self.scale = num_heads, is_causal, scale

    def forward(self, q: K.Array, k: K.Array, v: K.Array, mask: Optional[K.Array] = None) -> K.Array:
        y, rows = K.attention(q, k, v, mask, self.num_heads, self.is_causal, self.scale)  # (..., T, h d_v)
        self.saved = q, k, v, mask, y, rows  # (..., h, T, 2)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        q, k, v, mask, y, rows = self.saved
        options = self.num_heads, self.is_causal, self.scale
        # For the whole batch; where an operand was broadcast, they are summed below.
        gradients = K.attention_grad(dy, q, k, v, mask, *options, y, rows)
        return tuple(
            (dx if dx.shape == x.shape else K.sum_to(dx, x.shape)) if need else None
            for x, dx, need in zip((q, k, v), gradients, self.needs)
        ) + (None,) * (mask is not None)
