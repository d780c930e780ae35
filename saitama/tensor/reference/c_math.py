"""exp, log, sqrt, pow and division as IEEE 754 and C define them: where Python raises, they give inf or NaN."""

from __future__ import annotations

import math


def divide(x: float, y: float) -> float:
    """x / y; x / 0 is an infinity with the sign of both, 0 / 0 is NaN."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1, y)


def exp(x: float) -> float:
    """e^x; inf beyond 709.78."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """ln x; -inf at 0, NaN below."""
    if x == 0:
        return -math.inf
    return math.nan if x < 0 else math.log(x)


def sqrt(x: float) -> float:
    """The square root; NaN below 0."""
    return math.nan if x < 0 else math.sqrt(x)


def power(x: float, y: float) -> float:
    """x^y; NaN for a negative base with a fraction as exponent, an infinity for 0 to a negative power."""
    odd = math.isfinite(y) and math.fmod(y, 2) in (1, -1)  # only an odd integer keeps the sign of the base
    infinity = math.copysign(math.inf, x) if odd else math.inf
    try:
        return math.pow(x, y)
    except OverflowError:
        return infinity
    except ValueError:
        return infinity if x == 0 else math.nan
