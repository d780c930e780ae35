"""softplus, binary cross-entropy and cross-entropy: losses written so that no logit overflows, and as sums of terms of
one sign, so that a small loss has all its digits. Each derivative stands beside its loss."""

from __future__ import annotations

import math
from functools import wraps
from typing import Callable, List, Tuple

from . import c_math as c
from .array import Array, check_float, check_gradient, check_is, fill, zeros
from .elementwise import unary
from .kernel import kernel
from .reduce import pairwise
from .softmax import log_softmax_row


@unary
def softplus(x: float) -> float:
    """ln(1 + e^x)."""
    return (x if x > 0 else 0.0) + math.log1p(c.exp(-math.fabs(x)))  # = ln(1 + e^x); NaN comes through e^-|x|


def target_formula(f: Callable[[float, float], float]) -> Callable[[Array, Array], Array]:
    """f(x, t) for every element x with its target t, in arrays of one shape and float dtype."""

    def each(x: Array, t: Array) -> Array:
        check_gradient(f.__name__, x, t)
        return fill(zeros(x.shape, x.dtype), map(f, x.data, t.data))

    return kernel(wraps(f)(each))


def weighted(weight: float, x: float) -> float:
    """weight x; without weight even an infinity does not count."""
    return 0.0 if weight == 0 else weight * x


@target_formula
def bce_with_logits(x: float, t: float) -> float:
    """ln(1 + e^x) - t x = |x| (t, or 1 - t where x > 0) + ln(1 + e^-|x|)"""
    wrong = 1 - t if x > 0 else t
    return weighted(wrong, math.fabs(x)) + math.log1p(c.exp(-math.fabs(x)))


@target_formula
def bce_with_logits_slope(x: float, t: float) -> float:
    """d bce_with_logits / dx = sigmoid(x) - t = (1 - t) sigmoid(x) - t sigmoid(-x)"""
    e = c.exp(-math.fabs(x))
    large, small = 1 / (1 + e), e / (1 + e)  # sigmoid(|x|) and sigmoid(-|x|)
    return (1 - t) * large - t * small if x > 0 else (1 - t) * small - t * large


@target_formula
def bce(p: float, t: float) -> float:
    """-(t ln p + (1 - t) ln(1 - p)), where a logarithm below -100 counts as -100"""
    ln_p = c.log(p)
    ln_q = math.log1p(-p) if -0.5 < p < 0.5 else c.log(1 - p)
    return -(weighted(t, -100.0 if ln_p < -100 else ln_p) + weighted(1 - t, -100.0 if ln_q < -100 else ln_q))


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
                dx.data[j] = dy.data[i] * p_minus(q_ij, log_p.data[j])
    return dx


def p_minus(q: float, log_p: float) -> float:
    """p - q; where both are near 1, by how much each is below it."""
    return math.expm1(log_p) + (1 - q) if q > 0.5 and log_p < 1 else c.exp(log_p) - q


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
