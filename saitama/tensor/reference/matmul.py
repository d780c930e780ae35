"""matmul: y[i, j] = sum_k a[i, k] b[k, j] + bias[j], for every matrix of a batch."""

from __future__ import annotations

from typing import Optional

from .array import Array, check_float, zeros
from .broadcast import Shape, broadcast_shape, check_shape, spread
from .kernel import kernel


@kernel
def matmul(a: Array, b: Array, trans_a: bool = False, trans_b: bool = False, bias: Optional[Array] = None) -> Array:
    """(..., m, k) @ (..., k, n) + (n,) -> (..., m, n); a flag reads that operand transposed; batches broadcast."""
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: needs matrices, at least 2 dimensions each")
    check_float("matmul", a, b)
    a_shape, b_shape = read_shape(a.shape, trans_a), read_shape(b.shape, trans_b)
    m, k = a_shape[-2:]
    inner, n = b_shape[-2:]
    if k != inner:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: inner sizes {k} and {inner} differ")
    if bias is not None:
        check_float("matmul", a, bias)
        if bias.shape != (n,):
            raise ValueError(f"matmul: {a.shape} @ {b.shape}: bias has shape {bias.shape}; needs ({n},)")
    batch = broadcast_shape("matmul", a.shape[:-2], b.shape[:-2])

    a_row, a_column = (1, m) if trans_a else (k, 1)  # the distance from row to row, from column to column
    b_row, b_column = (1, k) if trans_b else (n, 1)
    y = zeros(check_shape("matmul", (*batch, m, n)), a.dtype)
    matrices = zip(spread(a.shape[:-2], batch), spread(b.shape[:-2], batch))
    for p, (a_matrix, b_matrix) in enumerate(matrices):
        for i in range(m):
            for j in range(n):
                a_i, b_j = a_matrix * m * k + i * a_row, b_matrix * k * n + j * b_column
                total = 0.0
                for r in range(k):
                    total += a.data[a_i + r * a_column] * b.data[b_j + r * b_row]
                y.data[p * m * n + i * n + j] = total
                if bias is not None:  # added after the sum was rounded to the dtype
                    y.data[p * m * n + i * n + j] += bias.data[j]
    return y


def read_shape(shape: Shape, transposed: bool) -> Shape:
    """The shape as matmul reads it: a flag swaps the last two sizes."""
    return (*shape[:-2], shape[-1], shape[-2]) if transposed else shape
