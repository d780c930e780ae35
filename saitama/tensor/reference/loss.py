"""softplus and cross-entropy: losses written so that no logit overflows, each derivative beside its loss."""

from __future__ import annotations

import math
from typing import List, Tuple

from . import c_math as c
from .array import Array, check_float, check_is, zeros
from .elementwise import unary
from .kernel import kernel
from .reduce import pairwise
from .softmax import log_softmax_row


@unary
def softplus(x: float) -> float:
    """ln(1 + e^x)."""
    return (x if x > 0 else 0.0) + math.log1p(c.exp(-math.fabs(x)))  # = ln(1 + e^x); NaN comes through e^-|x|


def smoothed(t: int, classes: int, label_smoothing: float) -> List[float]:
    """q_j = (1 - e) [j = t] + e / C: the probabilities that cross-entropy compares with."""
    rest = label_smoothing / classes
    return [(1 - label_smoothing) * (j == t) + rest for j in range(classes)]


@kernel
def cross_entropy(x: Array, t: Array, ignore_index: int, label_smoothing: float) -> Tuple[Array, Array]:
    """(loss_i = -sum_j q_ij log_softmax(x_i)_j, log_softmax(x)); the loss is 0 where t_i is `ignore_index`.

    x (N, C), t (N,) of int64 in [0, C) or `ignore_index`; q_ij = (1 - e) [j = t_i] + e / C, e the label smoothing.
    """
    n, classes = check_targets("cross_entropy", x, t, ignore_index)
    losses, log_p = zeros((n,), x.dtype), zeros(x.shape, x.dtype)
    for i in range(n if classes else 0):
        row = slice(i * classes, (i + 1) * classes)
        log_p_i = log_softmax_row(x.data[row].tolist())
        for j, value in zip(range(n * classes)[row], log_p_i):
            log_p.data[j] = value
        if t.data[i] != ignore_index:
            q_i = smoothed(t.data[i], classes, label_smoothing)
            losses.data[i] = -pairwise([q * log_p_ij for q, log_p_ij in zip(q_i, log_p_i) if q])  # 0 · -inf is NaN
    return losses, log_p


@kernel
def cross_entropy_grad(log_p: Array, t: Array, dy: Array, ignore_index: int, label_smoothing: float) -> Array:
    """dx_ij = dy_i (exp(log_p_ij) - q_ij); 0 where t_i is `ignore_index`."""
    n, classes = check_targets("cross_entropy_grad", log_p, t, ignore_index)
    check_float("cross_entropy_grad", log_p, dy)
    if dy.shape != t.shape:
        raise ValueError(f"cross_entropy_grad: shapes {t.shape} and {dy.shape} differ")
    dx = zeros(log_p.shape, log_p.dtype)
    for i in range(n if classes else 0):
        if t.data[i] != ignore_index:
            for j, q_ij in enumerate(smoothed(t.data[i], classes, label_smoothing), i * classes):
                dx.data[j] = dy.data[i] * (c.exp(log_p.data[j]) - q_ij)
    return dx


def check_targets(op: str, x: Array, t: Array, ignore_index: int) -> Tuple[int, int]:
    """(N, C) of the scores; errors unless x is (N, C) and t is (N,) of int64 in [0, C), or `ignore_index`."""
    check_float(op, x)
    check_is(op, "the target", t, "int64")
    if x.ndim != 2 or t.shape != x.shape[:1]:
        raise ValueError(f"{op}: expected shapes (N, C) and (N,), got {x.shape} and {t.shape}")
    for target in t.data:
        if not 0 <= target < x.shape[1] and target != ignore_index:
            raise IndexError(f"{op}: target {target} is out of range for {x.shape[1]} classes")
    return x.shape[0], x.shape[1]
