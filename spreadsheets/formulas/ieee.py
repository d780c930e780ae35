"""Infinities and NaN as the texts "inf", "-inf", "nan", and the few rules of IEEE 754 that formulas need to pass them
on.

A spreadsheet has no infinity: EXP(710), LN(0) and 1/0 are errors there, and an error goes into everything that is
computed from it, as NaN does. So where all numbers of a tensor are finite at the export, its formulas are as plain as
the mathematics; what gets infinite later, through a changed input, shows the program's own error, and `verify` takes
that for a number that is not finite. The guarded forms below go into the tensors that met an infinity or NaN at the
export (masked scores are the common case), into every cell of them, so that they hold when the infinities move.

Signs are asked with SIGN, which is exact everywhere: programs compare approximately, and in some 1E-16 > 0 is false.
"""

from __future__ import annotations

import math
from typing import Sequence

from .limits import as_range

NAN = '"nan"'
INFINITY = "8E+307"  # in the place of an infinity where numbers are ordered; twice as much still is a number


def finite(*values: float) -> bool:
    """Whether a plain formula serves."""
    return all(map(math.isfinite, values))


def at(x: str, number: str, inf: str, minus_inf: str) -> str:
    """`number` where x is one, and what becomes of x = inf and of x = -inf; NaN stays NaN."""
    return f'IF(ISNUMBER({x}),{number},IF({x}="inf",{inf},IF({x}="-inf",{minus_inf},{NAN})))'


def opposite(a: str) -> str:
    return at(a, f"-{a}", '"-inf"', '"inf"')


def plus(a: str, b: str) -> str:
    both = f"IF(EXACT({a},{b}),{a},{NAN})"
    return f"IF(COUNT({a},{b})=2,{a}+{b},IF(ISNUMBER({a}),{b},IF(ISNUMBER({b}),{a},{both})))"


def minus(a: str, b: str) -> str:
    both = f'IF(OR({a}="nan",{b}="nan",EXACT({a},{b})),{NAN},{a})'
    return f"IF(COUNT({a},{b})=2,{a}-{b},IF(ISNUMBER({b}),{a},IF(ISNUMBER({a}),{opposite(b)},{both})))"


def sign(a: str) -> str:
    return f'IF(ISNUMBER({a}),SIGN({a}),IF({a}="inf",1,-1))'


def signed(product: str) -> str:
    """The infinity with the sign of `product`; zero times infinity is no number."""
    return f'CHOOSE(SIGN({product})+2,"-inf",{NAN},"inf")'


def times(a: str, b: str) -> str:
    infinite = f'IF(OR({a}="nan",{b}="nan"),{NAN},{signed(f"({sign(a)})*({sign(b)})")})'
    return f"IF(COUNT({a},{b})=2,{a}*{b},{infinite})"


def scaled(c: str, b: str) -> str:
    """c b for a finite c: shorter than times."""
    return f"IF(ISNUMBER({b}),{c}*{b},CHOOSE(SIGN({c})+2,{opposite(b)},{NAN},{b}))"


def square(a: str) -> str:
    return at(a, f"{a}*{a}", '"inf"', '"inf"')


def over(a: str, b: str) -> str:
    number = f"IF(SIGN({b})=0,{signed(a)},{a}/{b})"
    top_infinite = signed(f"({sign(a)})*IF(SIGN({b})=-1,-1,1)")
    text = f'IF(OR({a}="nan",{b}="nan",COUNT({a},{b})=0),{NAN},IF(ISNUMBER({a}),0,{top_infinite}))'
    return f"IF(COUNT({a},{b})=2,{number},{text})"


def total(parts: Sequence[str], plain: str, only: str = "") -> str:
    """The sum `plain` of ranges and addresses, or what the infinities among their numbers make of it. With `only`, a
    range and a criterion, of the numbers beside which that range meets it."""
    count = f"COUNTIFS({only}," if only else "COUNTIF("
    ranges = list(map(as_range, parts))
    number, up, down = ("+".join(f'{count}{part},"{text}")' for part in ranges) for text in ("nan", "inf", "-inf"))
    return f'IF(({number})+({up})*({down})>0,{NAN},IF({up}>0,"inf",IF({down}>0,"-inf",{plain})))'


def order(a: str, nan: str = "") -> str:
    """A number that compares as `a` does; NaN as `nan` does."""
    last = f'IF({a}="-inf",-{INFINITY},{nan})' if nan else f"-{INFINITY}"
    return f'IF(ISNUMBER({a}),{a},IF({a}="inf",{INFINITY},{last}))'


def either_nan(a: str, b: str, then: str, otherwise: str) -> str:
    return f'IF(OR({a}="nan",{b}="nan"),{then},{otherwise})'
