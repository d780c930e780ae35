"""softmax and log-softmax along one axis, each with its derivative beside it."""

from __future__ import annotations

from typing import Callable, List

from . import c_math as c
from .array import Array, check_float, check_gradient, zeros
from .broadcast import check_axis
from .kernel import kernel
from .reduce import blocks, first, greater, pairwise

Row = List[float]


def shifted(x: Row) -> Row:
    """x - max(x): no exponential overflows, and the shift cancels out of both formulas."""
    largest = x[first(greater, x)]
    return [x_i - largest for x_i in x]


def softmax_row(x: Row) -> Row:
    """y_i = exp(x_i) / sum_j exp(x_j)"""
    e = [c.exp(x_i) for x_i in shifted(x)]
    total = pairwise(e)
    return [e_i / total for e_i in e]


def softmax_grad_row(y: Row, dy: Row) -> Row:
    """dx_i = y_i (dy_i - sum_j dy_j y_j)"""
    dot = pairwise([dy_j * y_j for y_j, dy_j in zip(y, dy)])
    return [y_i * (dy_i - dot) for y_i, dy_i in zip(y, dy)]


def log_softmax_row(x: Row) -> Row:
    """y_i = x_i - log sum_j exp(x_j)"""
    x = shifted(x)
    log_total = c.log(pairwise([c.exp(x_j) for x_j in x]))
    return [x_i - log_total for x_i in x]


def log_softmax_grad_row(y: Row, dy: Row) -> Row:
    """dx_i = dy_i - exp(y_i) sum_j dy_j"""
    total = pairwise(dy)
    return [dy_i - c.exp(y_i) * total for y_i, dy_i in zip(y, dy)]


def along(op: str, f: Callable[..., Row], dim: int, *arrays: Array) -> Array:
    """f(row, ...) for every row along axis `dim` of arrays of one shape."""
    check_float(op, *arrays)
    for dy in arrays[1:]:
        check_gradient(op, arrays[0], dy)
    shape = arrays[0].shape
    check_axis(op, dim, shape)
    out = zeros(shape, arrays[0].dtype)
    if out.size:
        for row in blocks(shape, (dim,)):
            for i, value in zip(row, f(*([a.data[i] for i in row] for a in arrays))):
                out.data[i] = value
    return out


@kernel
def softmax(a: Array, dim: int) -> Array:
    """Positive numbers that sum to 1 along `dim`. A row of only -inf gives NaN, as the formula does."""
    return along("softmax", softmax_row, dim, a)


@kernel
def softmax_grad(y: Array, dy: Array, dim: int) -> Array:
    """The derivative of softmax, from its output y: y (dy - sum(dy y))."""
    return along("softmax_grad", softmax_grad_row, dim, y, dy)


@kernel
def log_softmax(a: Array, dim: int) -> Array:
    """log(softmax(a)), exact where softmax rounds to 0."""
    return along("log_softmax", log_softmax_row, dim, a)


@kernel
def log_softmax_grad(y: Array, dy: Array, dim: int) -> Array:
    """The derivative of log_softmax, from its output y: dy - exp(y) sum(dy)."""
    return along("log_softmax_grad", log_softmax_grad_row, dim, y, dy)
