"""Rounding to the floats of 16 bits, which keep fewer binary digits: bfloat16 has the exponents of a float32 and 8
digits, float16 has 11 digits and few exponents (IEEE 754 calls it binary16).

    2^e <= |x| < 2^(e + 1):  neighbours are q = 2^(e - digits + 1) apart, and x becomes q times the nearest whole number

Of two that are equally near the even one is taken. Below the smallest exponent the neighbours stay as far apart as
there.
"""

from __future__ import annotations

import math
from typing import Dict, NamedTuple

from .array import Array, check_float, fill, zeros
from .kernel import kernel


class Format(NamedTuple):
    """A kind of float."""

    digits: int  # binary digits, the leading 1 included
    least: int  # the smallest exponent of a normal number
    most: float  # the largest number


FORMATS: Dict[str, Format] = {
    "bfloat16": Format(8, -126, (2 - 2**-7) * 2.0**127),
    "float16": Format(11, -14, 65504.0),
}


def nearest(x: float, format: Format) -> float:
    """The number of this format that is nearest to x, an infinity beyond its largest."""
    if x == 0 or not math.isfinite(x):
        return x
    exponent = max(math.frexp(x)[1] - 1, format.least)
    q = 2.0 ** (exponent - format.digits + 1)
    size = abs(round(x / q)) * q  # Python's round() takes the even one of two, too
    return math.copysign(size if size <= format.most else math.inf, x)


@kernel
def round_to(a: Array, format: str) -> Array:
    """Every element as the nearest number of "bfloat16" or "float16"."""
    check_float("round_to", a)
    if format not in FORMATS:
        raise ValueError(f"round_to: expected bfloat16 or float16, got {format!r}")
    return fill(zeros(a.shape, a.dtype), (nearest(x, FORMATS[format]) for x in a.data))
