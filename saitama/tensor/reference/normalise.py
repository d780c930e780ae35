"""Layer and batch normalisation, each with its derivative beside it: subtract the mean, divide by the deviation.

With x̂ = (x - mean) / sqrt(var + eps) and y = weight x̂ + bias, the derivative is the same for both; only the direction
of the mean differs (a row, or a column):

    dx = (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps),  g = weight dy
    dweight = sum(dy x̂),  dbias = sum(dy)
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Tuple

from . import c_math as c
from .array import Array, check_float, check_gradient, fill, zeros
from .broadcast import count
from .kernel import kernel
from .reduce import pairwise

Row = List[float]
MOST = {"float64": 2.0**300, "float32": 2.0**24}  # of 1 / deviation, and 1 / MOST is the least, that is not extreme
Triple = Tuple[Array, Array, Array]


def average(x: Row) -> float:
    """The mean; NaN of nothing."""
    return c.divide(pairwise(x), len(x))


def moments(x: Row) -> Tuple[float, float]:
    """(mean, the mean of the squared distances from it)."""
    mean = average(x)
    return mean, average([(x_i - mean) * (x_i - mean) for x_i in x])


class Line(NamedTuple):
    """A row or column, normalised."""

    mean: float
    var: float
    rstd: float  # 1 / sqrt(var + eps)
    x_hat: Row  # (x - mean) rstd


def normalised(x: Row, eps: float) -> Line:
    """The formula; where a float holds no such squares, with numbers that powers of two have brought near 1."""
    mean, var = moments(x)
    if not x or 1e-180 < var + eps < 1e180 or not all(map(math.isfinite, x)):
        rstd = c.divide(1, c.sqrt(var + eps))
        return Line(mean, var, rstd, [(x_i - mean) * rstd for x_i in x])
    down = 2.0**-100 if max(map(abs, x)) > 1e250 else 1.0
    small = [x_i * down for x_i in x]
    mean = average(small)
    distances = [x_i - mean for x_i in small]
    spread = max(*map(abs, distances), math.sqrt(eps) * down)
    up = 2.0 ** min(600, -math.frexp(spread)[1]) if spread else 1.0
    distances = [d * up for d in distances]
    var = average([d * d for d in distances])
    rstd = c.divide(1, c.sqrt(var + (math.sqrt(eps) * down * up) ** 2))
    deviation = math.sqrt(var) / down / up
    return Line(mean / down, deviation * deviation, rstd * up * down, [d * rstd for d in distances])


def normalise_grad(g: Row, x_hat: Row, rstd: float) -> Row:
    """dx of one row or column."""
    mean_g, mean_gx = average(g), average([g_i * x_i for g_i, x_i in zip(g, x_hat)])
    return [rstd * (g_i - mean_g - x_i * mean_gx) for g_i, x_i in zip(g, x_hat)]


def lines(x: Array, across: bool) -> List[range]:
    """The positions of each row along the last axis, or across the rows: of each column."""
    width = x.shape[-1]
    height = count(x.shape[:-1])
    if across:
        return [range(j, x.size, width) for j in range(width)]
    return [range(i * width, (i + 1) * width) for i in range(height)]


def factors(weight: Optional[Array], width: int) -> Row:
    """The weight as a list; ones without."""
    return [1.0] * width if weight is None else weight.data.tolist()


@kernel
def layer_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Triple:
    """(y, mean, rstd) over the last axis, to whose size C belong weight and bias (C,), if there are any; mean and
    rstd = 1 / sqrt(var + eps) have the shape without it."""
    width = check_parameters("layer_norm", x, weight, bias)
    w, b = factors(weight, width), [0.0] * width if bias is None else bias.data.tolist()
    y, mean, rstd = zeros(x.shape, x.dtype), zeros(x.shape[:-1], x.dtype), zeros(x.shape[:-1], x.dtype)
    for i, row in enumerate(lines(x, across=False)):
        line = normalised([x.data[j] for j in row], eps)
        mean.data[i], rstd.data[i] = line.mean, line.rstd
        for j, x_hat, w_j, b_j in zip(row, line.x_hat, w, b):
            y.data[j] = x_hat * w_j + b_j
    return y, mean, rstd


@kernel
def layer_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, rstd: Array) -> Triple:
    """(dx, dweight, dbias)."""
    width = check_parameters("layer_norm_grad", x, weight, None)
    check_gradient("layer_norm_grad", x, dy)
    check_statistics("layer_norm_grad", x, mean, rstd, x.shape[:-1])
    w, dx, x_hat = factors(weight, width), zeros(x.shape, x.dtype), [0.0] * x.size
    for row, mu, r in zip(lines(x, across=False), mean.data, rstd.data):
        small = [x.data[j] / 4 - mu / 4 for j in row]  # a difference of two floats may be too large for a float
        rest = average(small)  # what was lost as the mean was rounded
        for j, d in zip(row, small):
            x_hat[j] = (d - rest) * (4 * r)
        g = [w_j * dy.data[j] for j, w_j in zip(row, w)]
        for j, dx_j in zip(row, normalise_grad(g, [x_hat[j] for j in row], r)):
            dx.data[j] = dx_j
    return (dx, *parameter_grads(dy, x_hat))


@kernel
def batch_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Triple:
    """(y, mean, var) of x (N, C) over the first axis; var (C,) is the biased one, divided by N."""
    width = check_parameters("batch_norm", x, weight, bias, ndim=2)
    w, b = factors(weight, width), [0.0] * width if bias is None else bias.data.tolist()
    y, mean, variance = zeros(x.shape, x.dtype), zeros((width,), x.dtype), zeros((width,), x.dtype)
    for j, column in enumerate(lines(x, across=True)):
        line = normalised([x.data[i] for i in column], eps)
        mean.data[j], variance.data[j] = line.mean, line.var
        for i, x_hat in zip(column, line.x_hat):
            y.data[i] = x_hat * w[j] + b[j]
    return y, mean, variance


@kernel
def batch_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, var: Array, eps: float) -> Triple:
    """(dx, dweight, dbias)."""
    width = check_parameters("batch_norm_grad", x, weight, None, ndim=2)
    check_gradient("batch_norm_grad", x, dy)
    check_statistics("batch_norm_grad", x, mean, var, (width,))
    w, dx, x_hat = factors(weight, width), zeros(x.shape, x.dtype), [0.0] * x.size
    for j, column in enumerate(lines(x, across=True)):
        r = c.divide(1, c.sqrt(var.data[j] + eps))
        rest = average([x.data[i] - mean.data[j] for i in column])  # what was lost as the mean was rounded
        for i in column:
            x_hat[i] = (x.data[i] - mean.data[j] - rest) * r
        if not 1 / MOST[x.dtype] < r < MOST[x.dtype]:  # the dtype may have lost the variance altogether
            line = normalised([x.data[i] for i in column], eps)
            r = line.rstd
            for i, x_hat_i in zip(column, line.x_hat):
                x_hat[i] = x_hat_i
        g = [w[j] * dy.data[i] for i in column]
        for i, dx_i in zip(column, normalise_grad(g, [x_hat[i] for i in column], r)):
            dx.data[i] = dx_i
    return (dx, *parameter_grads(dy, x_hat))


def parameter_grads(dy: Array, x_hat: Row) -> Tuple[Array, Array]:
    """(sum(dy x̂), sum(dy)) down the columns."""
    columns = lines(dy, across=True)
    dweight, dbias = zeros(dy.shape[-1:], dy.dtype), zeros(dy.shape[-1:], dy.dtype)
    fill(dweight, (pairwise([dy.data[i] * x_hat[i] for i in column]) for column in columns))
    fill(dbias, (pairwise([dy.data[i] for i in column]) for column in columns))
    return dweight, dbias


def check_parameters(op: str, x: Array, weight: Optional[Array], bias: Optional[Array], ndim: int = 0) -> int:
    """The size of the last axis, which weight and bias must have."""
    check_float(op, x)
    if x.ndim == 0 or ndim and x.ndim != ndim:
        raise ValueError(f"{op}: expected x of shape {'(N, C)' if ndim else '(..., C)'}, got {x.shape}")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None:
            if parameter.shape != x.shape[-1:]:
                raise ValueError(
                    f"{op}: the {name} has shape {parameter.shape}, expected {x.shape[-1:]} for x {x.shape}"
                )
            check_float(op, x, parameter)
    return x.shape[-1]


def check_statistics(op: str, x: Array, first: Array, second: Array, shape: Tuple[int, ...]) -> None:
    """Errors unless both have the shape, and x's dtype."""
    check_float(op, x, first, second)
    if first.shape != shape or second.shape != shape:
        raise ValueError(f"{op}: the statistics have shapes {first.shape} and {second.shape}, expected {shape}")
