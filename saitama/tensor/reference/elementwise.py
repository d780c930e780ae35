"""Element by element: one formula for one element, and a decorator that maps it over whole arrays.

The formulas see Python floats. float32 arrays are computed in double and rounded once, when the result is stored.
"""

from __future__ import annotations

import math
from functools import wraps
from typing import Any, Callable, TypeVar

from . import c_math as c
from .array import Array, check_float, check_gradient, check_is, check_same_dtype, fill, zeros
from .broadcast import broadcast_shape, spread
from .kernel import kernel

Unary = Callable[[Array], Array]
Binary = Callable[[Array, Array], Array]
K = TypeVar("K", Unary, Binary)


def unary(f: Callable[[float], float]) -> Unary:
    """f(x) for every element x of a float array."""

    def each(a: Array) -> Array:
        check_float(f.__name__, a)
        return fill(zeros(a.shape, a.dtype), map(f, a.data))

    return kernel(called_as(f, each))


def broadcast(f: Callable[[Any, Any], Any], a: Array, b: Array, dtype: str) -> Array:
    """f(x, y) for every pair of elements, after stretching both arrays to one shape."""
    out = zeros(broadcast_shape(f.__name__, a.shape, b.shape), dtype)
    pairs = zip(spread(a.shape, out.shape), spread(b.shape, out.shape))
    return fill(out, (f(a.data[i], b.data[j]) for i, j in pairs))


def arithmetic(f: Callable[[float, float], float]) -> Binary:
    """f(x, y) with broadcasting, for two arrays of one float dtype."""

    def each(a: Array, b: Array) -> Array:
        check_float(f.__name__, a, b)
        return broadcast(f, a, b, a.dtype)

    return kernel(called_as(f, each))


def comparison(f: Callable[[Any, Any], bool]) -> Binary:
    """f(x, y) with broadcasting, for two arrays of any one dtype; the result is bool. NaN equals nothing."""

    def each(a: Array, b: Array) -> Array:
        check_same_dtype(f.__name__, a, b)
        return broadcast(f, a, b, "bool")

    return kernel(called_as(f, each))


def derivative(f: Callable[[float, float], float]) -> Binary:
    """f(x or y, dy) for two arrays of one float dtype and one shape."""

    def each(x: Array, dy: Array) -> Array:
        check_gradient(f.__name__, x, dy)
        return fill(zeros(x.shape, x.dtype), map(f, x.data, dy.data))

    return kernel(wraps(f)(each))  # with the names of its parameters: they say whether it wants x or y


def called_as(f: Callable[..., Any], each: K) -> K:
    """The kernel, under the name of its formula."""
    each.__name__, each.__qualname__, each.__module__, each.__doc__ = f.__name__, f.__name__, f.__module__, f.__doc__
    return each


# --- two arrays ------------------------------------------------------------------------------------------------------
@arithmetic
def add(x: float, y: float) -> float:
    return x + y


@arithmetic
def sub(x: float, y: float) -> float:
    return x - y


@arithmetic
def mul(x: float, y: float) -> float:
    return x * y


@arithmetic
def div(x: float, y: float) -> float:
    return c.divide(x, y)


@arithmetic
def pow(x: float, y: float) -> float:
    return c.power(x, y)


@arithmetic
def maximum(x: float, y: float) -> float:
    """NaN if either is."""
    return x if x >= y or x != x else y


@arithmetic
def minimum(x: float, y: float) -> float:
    """NaN if either is."""
    return x if x <= y or x != x else y


@comparison
def eq(x: Any, y: Any) -> bool:
    return bool(x == y)


@comparison
def ne(x: Any, y: Any) -> bool:
    return bool(x != y)


@comparison
def lt(x: Any, y: Any) -> bool:
    return bool(x < y)


@comparison
def le(x: Any, y: Any) -> bool:
    return bool(x <= y)


@comparison
def gt(x: Any, y: Any) -> bool:
    return bool(x > y)


@comparison
def ge(x: Any, y: Any) -> bool:
    return bool(x >= y)


@kernel
def where(condition: Array, a: Array, b: Array) -> Array:
    """a where the condition holds, b elsewhere; the three broadcast."""
    check_is("where", "the condition", condition, "bool")
    check_same_dtype("where", a, b)
    shape = broadcast_shape("where", broadcast_shape("where", condition.shape, a.shape), b.shape)
    out = zeros(shape, a.dtype)
    triples = zip(spread(condition.shape, shape), spread(a.shape, shape), spread(b.shape, shape))
    return fill(out, (a.data[i] if condition.data[k] else b.data[j] for k, i, j in triples))


# --- one array -------------------------------------------------------------------------------------------------------
@unary
def neg(x: float) -> float:
    return -x


@unary
def exp(x: float) -> float:
    return c.exp(x)


@unary
def log(x: float) -> float:
    return c.log(x)


@unary
def sqrt(x: float) -> float:
    return c.sqrt(x)


@unary
def tanh(x: float) -> float:
    return math.tanh(x)


@unary
def sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + c.exp(-x))
    e = c.exp(x)  # the same value, written so that exp never overflows
    return e / (1 + e)


@unary
def relu(x: float) -> float:
    return 0.0 if x <= 0 else x  # NaN stays NaN


@unary
def abs(x: float) -> float:
    return math.fabs(x)


def normal_cdf(x: float) -> float:
    """Phi(x): how likely a standard normal number is below x."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def normal_pdf(x: float) -> float:
    """phi(x): the derivative of Phi."""
    return c.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def gelu_inner(x: float) -> float:
    """What the approximation takes the tanh of."""
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)


@unary
def gelu(x: float) -> float:
    return x * normal_cdf(x)


@unary
def gelu_tanh(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(gelu_inner(x)))


# --- derivatives: from the output y or the input x, whichever is cheaper, times dy -----------------------------------
@derivative
def sqrt_grad(y: float, dy: float) -> float:
    return c.divide(dy, 2 * y)


@derivative
def tanh_grad(y: float, dy: float) -> float:
    return dy * (1 - y * y)


@derivative
def sigmoid_grad(y: float, dy: float) -> float:
    return dy * y * (1 - y)


@derivative
def relu_grad(x: float, dy: float) -> float:
    if x != x:
        return x  # NaN stays NaN
    return dy if x > 0 else 0.0


@derivative
def abs_grad(x: float, dy: float) -> float:
    return dy * ((x > 0) - (x < 0)) if x == x else x


@derivative
def gelu_grad(x: float, dy: float) -> float:
    return dy * (normal_cdf(x) + x * normal_pdf(x))


@derivative
def gelu_tanh_grad(x: float, dy: float) -> float:
    t = math.tanh(gelu_inner(x))
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)  # d inner / dx
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
