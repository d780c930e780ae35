"""Attention: y = softmax(scale q k^T + mask) v, one query at a time, and its derivative.

The compiled kernel meets the keys block by block and never holds a whole row of weights; here a row is a list.
"""

from __future__ import annotations

import math
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import c_math as c
from .array import Array, check_float, zeros
from .broadcast import Shape, broadcast_shape, check_shape, count, spread
from .reduce import pairwise

Row = List[float]
Query = Tuple[int, Row, List[Row], List[Row], Dict[int, float]]
INF = math.inf


class Sizes(NamedTuple):
    batch: Shape
    T: int  # queries
    S: int  # keys
    d: int  # width of queries and keys
    d_v: int  # width of values


def attention(
    q: Array, k: Array, v: Array, mask: Optional[Array], is_causal: bool, scale: float
) -> Tuple[Array, Array]:
    """(y, lse): y_i = sum_j P_ij v_j with P_ij = e^(s_ij - lse_i), the softmax of the scores s = scale q k^T + mask.

    lse_i = log sum_j e^s_ij. A query that may attend to nothing has y = 0 and lse = -inf.
    """
    sizes = check("attention", q, k, v, mask)
    y = zeros(check_shape("attention", (*sizes.batch, sizes.T, sizes.d_v)), q.dtype)
    lse = zeros((*sizes.batch, sizes.T), q.dtype)
    for i, q_i, keys, values, allowed in queries(sizes, q, k, v, mask, is_causal):
        s = scores(q_i, [keys[j] for j in allowed], list(allowed.values()), scale)
        P, lse.data[i] = weights(s)
        for c_, total in enumerate(average(P, [values[j] for j in allowed], sizes.d_v)):
            y.data[i * sizes.d_v + c_] = total
    return y, lse


def attention_grad(
    dy: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Optional[Array],
    is_causal: bool,
    scale: float,
    y: Array,
    lse: Array,
) -> Tuple[Array, Array, Array]:
    """(dq, dk, dv) for each matrix of the whole batch. With dP_ij = dy_i · v_j and D_i = sum_j P_ij dP_ij = dy_i · y_i:

    dS_ij = P_ij (dP_ij - D_i),  dq_i = scale sum_j dS_ij k_j,  dk_j = scale sum_i dS_ij q_i,  dv_j = sum_i P_ij dy_i
    """
    sizes = check("attention_grad", q, k, v, mask)
    batch, T, S, d, d_v = sizes
    shape = (*batch, T, d_v)
    if dy.shape != shape or y.shape != shape or lse.shape != shape[:-1]:
        raise ValueError(
            f"attention_grad: dy {dy.shape}, y {y.shape} and lse {lse.shape}: expected {shape}, {shape} and "
            f"{shape[:-1]}"
        )
    check_float("attention_grad", q, dy)
    check_float("attention_grad", q, y)
    check_float("attention_grad", q, lse)
    dq, dk, dv = (zeros((*batch, *own), q.dtype) for own in ((T, d), (S, d), (S, d_v)))
    slopes = [0.0] * dk.size, [0.0] * dv.size
    for i, q_i, keys, values, allowed in queries(sizes, q, k, v, mask, is_causal):
        dy_i, y_i = (x.data[i * d_v : (i + 1) * d_v].tolist() for x in (dy, y))
        s = scores(q_i, [keys[j] for j in allowed], list(allowed.values()), scale)
        D_i, dq_i = dot(dy_i, y_i), [0.0] * d
        for j, s_ij in zip(allowed, s):
            P_ij = c.exp(s_ij - lse.data[i]) if lse.data[i] != -INF else 0.0
            dS_ij = P_ij * (dot(dy_i, values[j]) - D_i)
            row = i // T * S + j  # of dk and dv
            for a in range(d):
                dq_i[a] += scale * dS_ij * keys[j][a]
                slopes[0][row * d + a] += scale * dS_ij * q_i[a]
            for a in range(d_v):
                slopes[1][row * d_v + a] += P_ij * dy_i[a]
        for a in range(d):
            dq.data[i * d + a] = dq_i[a]
    for dx, numbers in zip((dk, dv), slopes):
        for place, number in enumerate(numbers):
            dx.data[place] = number
    return dq, dk, dv


def queries(sizes: Sizes, q: Array, k: Array, v: Array, mask: Optional[Array], is_causal: bool) -> Iterator[Query]:
    """For each query of each matrix: its number, its row, its keys and values, and the keys that it may attend to with
    what the mask adds to their scores."""
    batch, T, S, d, d_v = sizes
    added = [0.0] * (count(batch) * T * S)
    if mask is not None:
        flat = [0.0 if x else -INF for x in mask.data] if mask.dtype == "bool" else mask.data.tolist()
        added = [flat[place] for place in spread(mask.shape, (*batch, T, S))]
    matrices = zip(*(spread(x.shape[:-2], batch) for x in (q, k, v)))
    for number, (q_at, k_at, v_at) in enumerate(matrices):
        keys = [k.data[row * d : (row + 1) * d].tolist() for row in range(k_at * S, (k_at + 1) * S)]
        values = [v.data[row * d_v : (row + 1) * d_v].tolist() for row in range(v_at * S, (v_at + 1) * S)]
        for t in range(T):
            q_row, i = q_at * T + t, number * T + t
            seen = min(t + 1, S) if is_causal else S
            allowed = {j: added[i * S + j] for j in range(seen) if added[i * S + j] != -INF}
            yield i, q.data[q_row * d : (q_row + 1) * d].tolist(), keys, values, allowed


def scores(q_i: Row, keys: List[Row], added: Row, scale: float) -> Row:
    """s_j = scale q_i · k_j + mask_j"""
    return [scale * dot(q_i, k_j) + mask_j for k_j, mask_j in zip(keys, added)]


def weights(s: Row) -> Tuple[Row, float]:
    """(P, lse): P_j = e^(s_j - lse), lse = log sum_j e^s_j, with the largest score taken off first."""
    if not s:
        return [], -INF
    largest = max(s)
    e = [c.exp(s_j - largest) for s_j in s]
    total = pairwise(e)
    return [e_j / total for e_j in e], largest + c.log(total)


def average(P: Row, values: List[Row], d_v: int) -> Row:
    """sum_j P_j v_j"""
    return [pairwise([P_j * v_j[a] for P_j, v_j in zip(P, values)]) for a in range(d_v)]


def dot(x: Row, y: Row) -> float:
    """sum_a x_a y_a"""
    total = 0.0
    for x_a, y_a in zip(x, y):
        total += x_a * y_a
    return total


def check(op: str, q: Array, k: Array, v: Array, mask: Optional[Array]) -> Sizes:
    """The sizes, if all operands fit together; TypeError or ValueError."""
    check_float(op, q)
    check_float(op, q, k)
    check_float(op, q, v)
    if q.ndim < 2 or k.ndim < 2 or v.ndim < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"{op}: q {q.shape}, k {k.shape} and v {v.shape} do not fit: expected (..., T, d), (..., S, d) and "
            "(..., S, d_v)"
        )
    batch = broadcast_shape(op, broadcast_shape(op, q.shape[:-2], k.shape[:-2]), v.shape[:-2])
    if len(batch) + 2 > 32:
        raise ValueError(f"{op}: {len(batch) + 2} dimensions; at most 32 are possible")
    T, d, (S, d_v) = q.shape[-2], q.shape[-1], v.shape[-2:]
    if mask is not None:
        if mask.dtype != "bool":
            check_float(op, q, mask)
        full = (*batch, T, S)
        lead = len(full) - mask.ndim
        if lead < 0 or any(size not in (1, whole) for size, whole in zip(mask.shape, full[lead:])):
            raise ValueError(f"{op}: a mask of shape {mask.shape} does not broadcast to the scores' {full}")
    return Sizes(batch, T, S, d, d_v)
