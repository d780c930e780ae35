"""The matrix product: each number of the result is the sum of products of a row of a and a column of b."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ..layout import ALL, Index, Pattern, Shape
from .formula import Cell, Formula, Params, formula
from .limits import MAX_TERMS
from .scope import Scope, View, broadcast_shape, widen


@formula("MatMul")
class MatMul(Formula):
    """A 1-D operand counts as one row (left) or one column (right), and that axis is left out of the result."""

    words, maths = "the matrix product", "Y = A B:  yᵢⱼ = Σₖ aᵢₖ bₖⱼ"
    letters = ("A", "B")
    derivative = ("dE/dA = dE/dY Bᵀ:  Σⱼ dE/dyᵢⱼ bₖⱼ", "dE/dB = Aᵀ dE/dY:  Σᵢ aᵢₖ dE/dyᵢⱼ")

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{names[0]} @ {names[1]}"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        a, b = shapes
        if not a or not b:
            raise ValueError("matmul of a number")
        if a[-1] != b[max(len(b) - 2, 0)]:
            raise ValueError(f"matmul: {a} @ {b}: inner sizes differ")
        return broadcast_shape(a[:-2], b[:-2]) + a[-2:-1] + (b[-1:] if len(b) > 1 else ())

    def split(self, s: Scope, i: Index) -> Tuple[Index, Optional[int], Optional[int]]:
        """Batch, row and column of a result's index; None where the operand is a vector."""
        a, b = s.x
        j = i[-1] if len(b.shape) > 1 else None
        rest = i[:-1] if j is not None else i
        row = rest[-1] if len(a.shape) > 1 else None
        return (rest[:-1] if row is not None else rest), row, j

    def forward(self, s: Scope) -> Cell:
        a, b = s.x
        K = a.shape[-1]
        turned = None
        if K > MAX_TERMS and len(b.shape) > 1:  # SUMPRODUCT wants both lines in the same direction
            turned = s.aside("Bᵀ = B with its rows as columns", flip(b.shape), lambda i: b[flip(i)])

        def cell(i: Index) -> str:
            batch, row, j = self.split(s, i)
            ia = lead(a, batch) + (() if row is None else (row,))
            ib, tail = lead(b, batch), (() if j is None else (j,))
            if K <= MAX_TERMS:
                return s.total([f"{a[ia + (k,)]}*{b[ib + (k,) + tail]}" for k in range(K)])
            if turned is None:
                return s.dot(a, ia + (ALL,), b, ib + (ALL,))
            return s.dot(a, ia + (ALL,), turned, ib + tail + (ALL,))

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        a, b = s.x
        batches = broadcast_shape(a.shape[:-2], b.shape[:-2])
        g, upright = s.dy, None
        if (
            k == 1 and len(b.shape) == 1 and len(a.shape) > 1 and a.shape[-2] > MAX_TERMS
        ):  # dY is a row, a's column is not
            upright = s.aside("column = dE/dY as a column", s.dy.shape + (1,), lambda i: s.dy[i[:-1]])

        def cell(i: Index) -> str:
            operand, matrix = (a, b)[k], i[-2:]
            parts = []
            for batch in patterns(i[:-2], operand.shape[:-2], batches):
                parts.append(self.product(s, k, batch, matrix, g, upright))
            return s.total(parts)

        return cell

    def product(self, s: Scope, k: int, batch: Index, i: Index, g: View, upright: Optional[View]) -> str:
        """One batch's part of dE/da[i] (k = 0) or dE/db[i] (k = 1)."""
        a, b = s.x
        row: Tuple[int, ...] = i[:-1]
        if k == 0:  # dA[row, c] = sum over j of dY[row, j] B[c, j]
            if len(b.shape) == 1:
                return f"{g[batch + row]}*{b[(i[-1],)]}"
            return s.dot(g, batch + row + (ALL,), b, lead(b, batch) + (i[-1], ALL))
        if len(a.shape) == 1:  # dB[c, j] = a[c] dY[j]
            return f"{a[(i[0],)]}*{g[batch + i[1:]]}"
        if upright is not None:  # dB[c] = sum over rows of A[row, c] dY[row]
            return s.dot(a, lead(a, batch) + (ALL, i[0]), upright, batch + (ALL, 0))
        if len(b.shape) == 1:
            rows = range(a.shape[-2])
            return s.total([f"{a[lead(a, batch) + (r, i[0])]}*{g[batch + (r,)]}" for r in rows])
        return s.dot(a, lead(a, batch) + (ALL, i[0]), g, batch + (ALL, i[1]))


def lead(x: View, batch: Index) -> Index:
    """The batch index of an operand whose batch axes were broadcast."""
    axes = x.shape[:-2]
    return tuple(i if n != 1 else 0 for i, n in zip(batch[len(batch) - len(axes) :], axes))


def flip(axes: Sequence[int]) -> Tuple[int, ...]:
    return (*axes[:-2], axes[-1], axes[-2])


def patterns(i: Index, shape: Shape, batches: Shape) -> List[Index]:
    """Every batch of the result that operand batch `i` went into."""
    result: List[Index] = [()]
    pattern: Pattern = widen(i, shape, batches)
    for p, n in zip(pattern, batches):
        result = [head + (j,) for head in result for j in (range(n) if p is ALL else (p,))]
    return result
