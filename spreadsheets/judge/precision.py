"""How precisely numbers were written: half a unit of the last place that each shows.

A cell keeps no trailing zeros: 2.000 is stored as 2. So what the other numbers of the page show counts too: a page on
which people write three decimals has 2.000 in it, and one on which they write three digits has 2.00. A few numbers that
are written more precisely than all others, pasted perhaps, do not count. Numbers that follow exactly from exact ones
say nothing about how a person rounds (see exact.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, isfinite, log10
from typing import Iterable, List

from ..formulas.box import Box
from ..formulas.syntax import Binary, Call, Tree
from .hand import decimals_typed

LEAST = 2  # decimals and significant digits, at least one of which everything is taken to be written to
FEW = 0.1  # of the numbers of a page, and always one: these may be written more precisely than the others
AS_THEY_ARE = ("MAX", "MIN", "ABS", "SIGN", "INT", "TRUNC", "INDEX", "COUNT", "COUNTIF", "MATCH", "RANK")


def digits_typed(number: float) -> int:
    """How many significant digits a finite number shows: 0.380 has 2, 1200 has 2."""
    return len(Decimal(repr(float(number))).normalize().as_tuple().digits) if number else 1


def last_place(number: float) -> int:
    """The decimals that a finite number shows, below 0 for one that ends in zeros: 0.380 has 2, 1200 has -2."""
    return -int(Decimal(repr(float(number))).normalize().as_tuple().exponent) if number else 0


def half_of_last_place(number: float) -> float:
    """Half a unit of the last decimal that a finite number shows itself."""
    return 0.5 * 10.0 ** -last_place(number)


@dataclass(frozen=True)
class Precision:
    """The decimals and significant digits that a page is written to; `known` is False where all numbers are exact."""

    decimals: int = LEAST
    digits: int = LEAST
    known: bool = False

    @classmethod
    def of(cls, *inexact: Iterable[float]) -> Precision:
        """By the numbers of a page that were rounded: the most that any of these lists shows."""
        decimals, digits, known = LEAST, LEAST, False
        for numbers in ([x for x in some if x and isfinite(x)] for some in inexact):
            if numbers:
                decimals = max(decimals, most(map(decimals_typed, numbers)))
                digits, known = max(digits, most(map(digits_typed, numbers))), True
        return cls(decimals, digits, known)

    def places(self, x: float) -> int:
        """The decimals to which x is written: as many as the page shows, but no more digits than it shows."""
        return min(self.decimals, self.digits - 1 - power_of(x)) if x else self.decimals

    def half_a_unit(self, x: float) -> float:
        """Half of the width of a typed number: of the decimals that it shows itself, if they are more."""
        return 0.5 * 10.0 ** -max(last_place(x), self.places(x)) if self.known and isfinite(x) else 0.0

    # --- what is not on the page --------------------------------------------------------------------------------------
    def in_passing(self, box: Box) -> Box:
        """A number that was perhaps written down somewhere, at least its first two digits."""
        x = box.at
        if not self.known or not x or not isfinite(x):
            return box
        places = max(self.places(x), LEAST - 1 - power_of(x))
        is_short = box.is_exact and abs(round(x, places) - x) <= 1e-12 * abs(x)
        return box if is_short else box.rounded(0.5 * 10.0**-places)

    def on_the_way(self, box: Box, part: Tree) -> Box:
        """A part of a formula: products, quotients and functions may be rounded, and a sum that has more places than
        people write. Powers of constants are taken from the calculator."""
        if isinstance(part, Call):
            if part.name in AS_THEY_ARE:
                return box
            is_sum = part.name == "SUM"
        else:
            is_sum = isinstance(part, Binary) and part.operator in "+-"
            if isinstance(part, Binary) and part.operator == "^" and box.is_exact:
                return box
        places = self.places(box.at)
        if is_sum and box.is_exact and abs(round(box.at, places) - box.at) <= 1e-12 * abs(box.at):
            return box
        return self.in_passing(box)


def power_of(x: float) -> int:
    """Of the first digit of a number that is not 0: 2 for 123, -2 for 0.0123."""
    return floor(log10(abs(x)))


def most(counts: Iterable[int]) -> int:
    """The largest of some counts that more than a few reach."""
    ranked: List[int] = sorted(counts, reverse=True)
    return ranked[min(max(1, ceil(FEW * len(ranked))), len(ranked) - 1)]


__all__ = ["Precision", "digits_typed", "half_of_last_place"]
