"""Infinities and NaN as the texts "inf", "-inf", "nan", and the few rules of IEEE 754 that formulas need to pass them
on.

A spreadsheet has no infinity: EXP(710), LN(0) and 1/0 are errors there. The functions below write the guarded form of
an operation. It goes only into cells that met a non-finite number at the export, so that all other formulas stay as
plain as the mathematics. A cell that becomes infinite later, through a changed input, shows the spreadsheet's own
error.
"""

from __future__ import annotations

import math
from typing import Sequence

from .limits import as_range

NAN = '"nan"'


def finite(*values: float) -> bool:
    """Whether a plain formula serves."""
    return all(map(math.isfinite, values))


def opposite(a: str) -> str:
    return f'IF(ISNUMBER({a}),-{a},IF({a}="inf","-inf",IF({a}="-inf","inf","nan")))'


def plus(a: str, b: str) -> str:
    both = f'IF(EXACT({a},{b}),{a},"nan")'
    return f"IF(COUNT({a},{b})=2,{a}+{b},IF(ISNUMBER({a}),{b},IF(ISNUMBER({b}),{a},{both})))"


def minus(a: str, b: str) -> str:
    both = f'IF(OR({a}="nan",{b}="nan",EXACT({a},{b})),"nan",{a})'
    return f"IF(COUNT({a},{b})=2,{a}-{b},IF(ISNUMBER({b}),{a},IF(ISNUMBER({a}),{opposite(b)},{both})))"


def sign(a: str) -> str:
    return f'IF(ISNUMBER({a}),SIGN({a}),IF({a}="inf",1,-1))'


def signed(product: str) -> str:
    """The infinity with the sign of `product`; zero times infinity is no number."""
    return f'IF({product}=0,"nan",IF({product}>0,"inf","-inf"))'


def times(a: str, b: str) -> str:
    infinite = f'IF(OR({a}="nan",{b}="nan"),"nan",{signed(f"({sign(a)})*({sign(b)})")})'
    return f"IF(COUNT({a},{b})=2,{a}*{b},{infinite})"


def scaled(c: str, b: str) -> str:
    """c b for a finite c: shorter than times."""
    infinite = f'IF(OR({b}="nan",{c}=0),"nan",IF({c}>0,{b},{opposite(b)}))'
    return f"IF(ISNUMBER({b}),{c}*{b},{infinite})"


def square(a: str, two: str) -> str:
    return f'IF(ISNUMBER({a}),{a}^{two},IF({a}="nan","nan","inf"))'


def over(a: str, b: str) -> str:
    zero = f'IF({a}=0,"nan",IF({a}>0,"inf","-inf"))'
    number = f"IF({b}=0,{zero},{a}/{b})"
    top_infinite = signed(f"({sign(a)})*IF({b}<0,-1,1)")
    text = f'IF(OR({a}="nan",{b}="nan",COUNT({a},{b})=0),"nan",IF(ISNUMBER({a}),0,{top_infinite}))'
    return f"IF(COUNT({a},{b})=2,{number},{text})"


def total(parts: Sequence[str], plain: str) -> str:
    """The sum `plain` of ranges and addresses, or what the infinities among their numbers make of it."""
    ranges = list(map(as_range, parts))
    number, up, down = ("+".join(f'COUNTIF({part},"{text}")' for part in ranges) for text in ("nan", "inf", "-inf"))
    return f'IF(({number})+({up})*({down})>0,"nan",IF({up}>0,"inf",IF({down}>0,"-inf",{plain})))'


def order(a: str) -> str:
    """A number that compares as `a` does."""
    return f'IF(ISNUMBER({a}),{a},IF({a}="inf",1E+308,-1E+308))'


def either_nan(a: str, b: str, then: str, otherwise: str) -> str:
    return f'IF(OR({a}="nan",{b}="nan"),{then},{otherwise})'


def else_nan(plain: str, *cells: str) -> str:
    """`plain` where every cell holds a number, "nan" elsewhere: the rule of last resort."""
    return f"IF(COUNT({','.join(cells)})={len(cells)},{plain},{NAN})"
