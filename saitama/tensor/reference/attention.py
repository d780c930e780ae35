"""Attention: y = softmax(scale q k^T + mask) v, one query at a time, and its derivative.

The compiled kernel meets the keys block by block and never holds a whole row of weights; here a row is a list.
"""

from __future__ import annotations

import math
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import c_math as c
from .array import Array, check_float, fill, zeros
from .broadcast import Shape, broadcast_shape, check_shape, count, spread
from .kernel import kernel
from .reduce import pairwise

Row = List[float]
Matrix = List[Row]
INF = math.inf


class Sizes(NamedTuple):
    batch: Shape  # the axes in front, as the operands broadcast
    heads: int
    scores: Shape  # (*batch, heads where they have an axis, T, S)
    d_v: int  # width of the values of a head


@kernel
def attention(
    q: Array, k: Array, v: Array, mask: Optional[Array], heads: int, is_causal: bool, scale: float
) -> Tuple[Array, Array]:
    """(y, rows): y_i = sum_j P_ij v_j, P_ij = e^(s_ij - m_i) / l_i, the softmax of the scores s = scale q k^T + mask.

    q (..., T, h d), k (..., S, h d), v (..., S, h d_v) -> y (..., T, h d_v), rows (..., h, T, 2). The heads lie side by
    side in the last axis, and each attends by itself; with heads = 0 there is one, and no axis of heads in mask and
    rows. The axes in front broadcast. mask is bool (True: may attend) or of q's dtype (added to the scores), and
    broadcasts to (..., h, T, S). is_causal: query i attends to the keys 0 to i.
    rows_i = (m_i, l_i), the largest score and the sum of e^(s_ij - m_i): (-inf, 0) of a query that may attend to
    nothing, whose y is 0.
    """
    sizes = check("attention", q, k, v, mask, heads)
    Y: List[Matrix] = []
    rows: Row = []
    for Q, K, V, added in matrices(sizes, q, k, v, mask, is_causal):
        Y.append([])
        for q_i, mask_i in zip(Q, added):
            s = scores(q_i, K, mask_i, scale)
            P, rows_i = weights(list(s.values()))
            Y[-1].append([pairwise([P_j * V[j][a] for P_j, j in zip(P, s)]) for a in range(sizes.d_v)])
            rows.extend(rows_i)
    y = zeros(check_shape("attention", (*sizes.batch, q.shape[-2], v.shape[-1])), q.dtype)
    return join(Y, sizes, y), fill(zeros((*sizes.scores[:-1], 2), q.dtype), rows)


@kernel
def attention_grad(
    dy: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Optional[Array],
    heads: int,
    is_causal: bool,
    scale: float,
    y: Array,
    rows: Array,
) -> Tuple[Array, Array, Array]:
    """(dq, dk, dv) for each matrix of the whole batch. With dP_ij = dy_i · v_j and D_i = sum_j P_ij dP_ij = dy_i · y_i:

    dS_ij = P_ij (dP_ij - D_i),  dq_i = scale sum_j dS_ij k_j,  dk_j = scale sum_i dS_ij q_i,  dv_j = sum_i P_ij dy_i

    A row of P is computed as it was before: `rows` spares only the compiled kernel, which never holds one, that work.
    """
    sizes = check("attention_grad", q, k, v, mask, heads)
    shape = (*sizes.batch, q.shape[-2], v.shape[-1])
    if dy.shape != shape or y.shape != shape or rows.shape != (*sizes.scores[:-1], 2):
        raise ValueError(
            f"attention_grad: dy {dy.shape}, y {y.shape} and rows {rows.shape}: expected {shape}, {shape} and "
            f"{(*sizes.scores[:-1], 2)}"
        )
    for other in (dy, y, rows):
        check_float("attention_grad", q, other)
    dQ: List[Matrix] = []
    dK: List[Matrix] = []
    dV: List[Matrix] = []
    outer = zip(matrices(sizes, q, k, v, mask, is_causal), split(dy, sizes), split(y, sizes))
    for (Q, K, V, added), dY, Y in outer:
        for matrix, like in ((dQ, Q), (dK, K), (dV, V)):
            matrix.append([[0.0] * len(row) for row in like])
        for i, (q_i, mask_i, dy_i, y_i) in enumerate(zip(Q, added, dY, Y)):
            D_i = dot(dy_i, y_i)
            s = scores(q_i, K, mask_i, scale)
            for j, P_ij in zip(s, weights(list(s.values()))[0]):
                dS_ij = P_ij * (dot(dy_i, V[j]) - D_i)
                add_to(dQ[-1][i], scale * dS_ij, K[j])
                add_to(dK[-1][j], scale * dS_ij, q_i)
                add_to(dV[-1][j], P_ij, dy_i)
    dq, dk, dv = (zeros((*sizes.batch, *x.shape[-2:]), q.dtype) for x in (q, k, v))
    return join(dQ, sizes, dq), join(dK, sizes, dk), join(dV, sizes, dv)


def scores(q_i: Row, K: Matrix, mask_i: Row, scale: float) -> Dict[int, float]:
    """s_j = scale q_i · k_j + mask_j, of the keys that the query may attend to."""
    return {j: scale * dot(q_i, k_j) + mask_j for j, (k_j, mask_j) in enumerate(zip(K, mask_i)) if mask_j != -INF}


def weights(s: Row) -> Tuple[Row, Tuple[float, float]]:
    """(P, (m, l)): P_j = e^(s_j - m) / l, with m the largest score and l = sum_j e^(s_j - m)."""
    if not s:
        return [], (-INF, 0.0)
    largest = max(s)
    e = [c.exp(s_j - largest) for s_j in s]
    total = pairwise(e)
    return [e_j / total for e_j in e], (largest, total)


def dot(x: Row, y: Row) -> float:
    """sum_a x_a y_a"""
    total = 0.0
    for x_a, y_a in zip(x, y):
        total += x_a * y_a
    return total


def add_to(total: Row, factor: float, row: Row) -> None:
    """total += factor row"""
    for a, x in enumerate(row):
        total[a] += factor * x


def matrices(
    sizes: Sizes, q: Array, k: Array, v: Array, mask: Optional[Array], is_causal: bool
) -> Iterator[Tuple[Matrix, Matrix, Matrix, Matrix]]:
    """For each head of each matrix of the batch: Q, K, V, and what the mask adds to the scores."""
    T, S = sizes.scores[-2:]
    flat = [0.0] * count(sizes.scores)
    if mask is not None:
        own = [0.0 if x else -INF for x in mask.data] if mask.dtype == "bool" else mask.data.tolist()
        flat = [own[place] for place in spread(mask.shape, sizes.scores)]
    for number, (Q, K, V) in enumerate(zip(split(q, sizes), split(k, sizes), split(v, sizes))):
        rows = [flat[(number * T + i) * S : (number * T + i + 1) * S] for i in range(T)]
        yield (
            Q,
            K,
            V,
            [[x if j <= i or not is_causal else -INF for j, x in enumerate(row)] for i, row in enumerate(rows)],
        )


def split(x: Array, sizes: Sizes) -> Iterator[Matrix]:
    """(..., rows, heads d) -> for each matrix of the batch, and each head of it, its rows of d numbers."""
    rows, width = x.shape[-2:]
    d = width // sizes.heads
    for matrix in spread(x.shape[:-2], sizes.batch):
        starts = [(matrix * rows + row) * width for row in range(rows)]
        for head in range(sizes.heads):
            yield [x.data[start + head * d : start + (head + 1) * d].tolist() for start in starts]


def join(parts: List[Matrix], sizes: Sizes, out: Array) -> Array:
    """The inverse of `split`: the heads side by side again, in `out`."""
    rows, width = out.shape[-2:]
    d = width // sizes.heads
    for number, matrix in enumerate(parts):
        for i, row in enumerate(matrix):
            start = (number // sizes.heads * rows + i) * width + number % sizes.heads * d
            for a, x in enumerate(row):
                out.data[start + a] = x
    return out


def check(op: str, q: Array, k: Array, v: Array, mask: Optional[Array], heads: int) -> Sizes:
    """The sizes, if all operands fit together; TypeError or ValueError."""
    check_float(op, q)
    check_float(op, q, k)
    check_float(op, q, v)
    if q.ndim < 2 or k.ndim < 2 or v.ndim < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"{op}: q {q.shape}, k {k.shape} and v {v.shape} do not fit: expected (..., T, d), (..., S, d) and "
            "(..., S, d_v)"
        )
    width, value_width = q.shape[-1], v.shape[-1]
    if heads < 0 or width % max(heads, 1) or value_width % max(heads, 1):
        raise ValueError(f"{op}: widths of {width} and {value_width} cannot be split among {heads} heads")
    batch = broadcast_shape(op, broadcast_shape(op, q.shape[:-2], k.shape[:-2]), v.shape[:-2])
    full = (*batch, *([heads] if heads else []), q.shape[-2], k.shape[-2])
    if len(full) > 32:
        raise ValueError(f"{op}: {len(full)} dimensions; at most 32 are possible")
    if mask is not None:
        if mask.dtype != "bool":
            check_float(op, q, mask)
        lead = len(full) - mask.ndim
        if lead < 0 or any(size not in (1, whole) for size, whole in zip(mask.shape, full[lead:])):
            raise ValueError(f"{op}: a mask of shape {mask.shape} does not broadcast to the scores' {full}")
    return Sizes(batch, max(heads, 1), full, value_width // max(heads, 1))
