"""The fully connected layer as one operation: it reads the weight's rows as they lie, without a transposed copy."""

from __future__ import annotations

from typing import Optional

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Linear(Function):
    """Y = X W^T + b;  dL/dX = dL/dY W,  dL/dW = dL/dY^T X,  dL/db = the sum of dL/dY over the rows.

    X (..., k), W (n, k), b (n,) or absent -> Y (..., n).
    """

    __slots__ = ()

    def forward(self, x: K.Array, W: K.Array, b: Optional[K.Array] = None) -> K.Array:
        n, k = W.shape
        X = x if x.ndim == 2 else x.reshape((x.size // k if k else 0, k))  # (rows, k)
        self.saved = X, W, x.shape
        Y = K.matmul(X, W, False, True, b)  # (rows, n)
        return Y if x.ndim == 2 else Y.reshape(x.shape[:-1] + (n,))

    def backward(self, dy: K.Array) -> Gradients:
        X, W, shape = self.saved
        dY = dy.reshape((X.shape[0], W.shape[0]))  # (rows, n)
        dx = K.matmul(dY, W).reshape(shape) if self.needs[0] else None
        dW = K.matmul(dY, X, True, False) if self.needs[1] else None
        if len(self.needs) == 2:
            return dx, dW
        return dx, dW, K.sum(dY, (0,), False) if self.needs[2] else None
