"""The matrix product."""

from __future__ import annotations

from math import prod

from saitama.tensor.backend import K

from ..function import Function, Gradients


class MatMul(Function):
    """Y = A B, that is y_ij = sum_k a_ik b_kj;  dL/dA = dL/dY B^T,  dL/dB = A^T dL/dY.

    (..., m, k) @ (..., k, n) -> (..., m, n). A vector on the left is a row, on the right a column. Batch axes
    broadcast; an operand shared by a batch gets the sum of its gradients.
    """

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        if not a.ndim or not b.ndim:
            raise ValueError(f"matmul: {a.shape} @ {b.shape}: a scalar has no rows or columns; use * instead")
        A = a if a.ndim > 1 else a.reshape((1, a.size))  # (..., m, k)
        B = b if b.ndim > 1 else b.reshape((b.size, 1))  # (..., k, n)
        try:
            Y = K.matmul(A, B)  # (..., m, n)
        except ValueError as error:
            problem = str(error).split(": ", 1)[-1]  # the kernel's message names only the batch axes
            if A.shape[-1] != B.shape[-2]:
                problem = f"inner sizes {A.shape[-1]} and {B.shape[-2]} differ"
            raise ValueError(f"matmul: {a.shape} @ {b.shape}: {problem}") from None
        self.saved = A, B, a.shape, b.shape, Y.shape
        if A is a and B is b:
            return Y
        rows = Y.shape[-2:-1] if a.ndim > 1 else ()
        columns = Y.shape[-1:] if b.ndim > 1 else ()
        return Y.reshape(Y.shape[:-2] + rows + columns)

    def backward(self, dy: K.Array) -> Gradients:
        A, B, shape_a, shape_b, shape_y = self.saved
        need_a, need_b = self.needs
        dY = dy.reshape(shape_y)  # (..., m, n)
        da = db = None
        if need_a:
            dA = K.matmul(dY, B, False, True)  # (..., m, k)
            da = K.sum_to(dA, A.shape).reshape(shape_a)
        if need_b and B.ndim == 2 and A.ndim > 2:  # one B for the whole batch: the batch is just more rows
            k, n = B.shape
            rows = prod(A.shape[:-1])
            dB = K.matmul(A.reshape((rows, k)), dY.reshape((rows, n)), True, False)  # (k, n)
            db = dB.reshape(shape_b)
        elif need_b:
            dB = K.matmul(A, dY, True, False)  # (..., k, n)
            db = K.sum_to(dB, B.shape).reshape(shape_b)
        return da, db
