"""Rounding to the floats of 16 bits, step by step: the exponent, the number in units of its last digit, ties to
even."""

from __future__ import annotations

from typing import Callable, Dict, Sequence, Tuple

from ..layout import Index, Shape
from .formula import Cell, Formula, Params, formula
from .scope import Scope
from .wording import Wording

FORMATS: Dict[str, Tuple[int, int, float]] = {  # binary digits, smallest exponent of a normal number, largest number
    "bfloat16": (8, -126, 255 * 2.0**120),
    "float16": (11, -14, 65504.0),
}


def exponent(x: str, least: int) -> str:
    """e with 2^e <= |x| < 2^(e + 1), at least `least`: the logarithm may miss it by one, the powers say so."""
    guess = f"INT(LN(ABS({x}))/LN(2))"
    return f"IF({x}=0,{least},MAX({least},{guess}-(2^{guess}>ABS({x}))+(2^({guess}+1)<=ABS({x}))))"


def whole(n: str) -> str:
    """The nearest whole number to n >= 0, the even one of two. (ROUND takes the larger of two.)"""
    return f"IF({n}-INT({n})=0.5,2*ROUND({n}/2,0),ROUND({n},0))"


def rounded(s: Scope, shape: Shape, source: Callable[[Index], str], number: Callable[[Index], float]) -> Cell:
    """Each number of `source` as the format has it, by way of two helper blocks."""
    digits, least, most = FORMATS[s.params["format"]]

    def finite(i: Index, text: str, otherwise: str) -> str:
        return text if abs(number(i)) < float("inf") else f"IF(ISNUMBER({source(i)}),{text},{otherwise})"

    e = s.helper(
        "e = the whole number with 2^e ≤ |x| < 2^(e+1)", shape, lambda i: finite(i, exponent(source(i), least), "0")
    )
    last = f"-{digits - 1}"
    n = s.helper(f"n = |x| / 2^(e−{digits - 1})", shape, lambda i: finite(i, f"ABS({source(i)})/2^({e[i]}{last})", "0"))

    def cell(i: Index) -> str:
        size, x = f"{whole(n[i])}*2^({e[i]}{last})", source(i)
        return finite(i, f'IF({size}>{most!r},IF({x}>0,"inf","-inf"),SIGN({x})*{size})', x)

    return cell


class Rounding(Formula):
    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,) = shapes
        return shape


@formula("Round")
class Round(Rounding):
    words = "the nearest number that 16 bits can hold (bfloat16: 8 binary digits, float16: 11), the even one of two"
    maths = "y = sign(x) · 2^(e−digits+1) · round(|x| / 2^(e−digits+1)),  2^e ≤ |x| < 2^(e+1)"
    derivative = ("dE/dx = dE/dy: the slope of the line that the staircase follows",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{params['format']}({names[0]})"

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return word(f"sign(x) · round(n) · 2^(e−{FORMATS[params['format']][0] - 1})")

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        return rounded(s, x.shape, lambda i: x[i], x.value)

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda i: s.dy[i]


@formula("RoundGradient")
class RoundGradient(Rounding):
    words, maths = "the same number; its gradient is rounded on the way back", "y = x"
    derivative = ("dE/dx = dE/dy rounded to bfloat16 (8 binary digits) or float16 (11), the even one of two",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"round_gradient({names[0]}, {params['format']})"

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        return lambda i: x[i]

    def backward(self, s: Scope, k: int) -> Cell:
        return rounded(s, s.y.shape, lambda i: s.dy[i], s.dy.value)
