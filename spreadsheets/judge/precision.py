"""How precisely a number was written: half a unit of the last place that it shows.

A cell keeps no trailing zeros: 2.000 is stored as 2. So what the other numbers of the page show counts too: a page on
which people write three decimals has 2.000 in it, and one on which they write three digits has 2.00. One number that is
written more precisely than all others, pasted perhaps, does not count. Numbers that follow exactly from exact ones say
nothing about how a person rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import Iterable, List

from .hand import decimals_typed

LEAST_DIGITS = 2  # significant ones, to which everything is taken to be written


def digits_typed(number: float) -> int:
    """How many significant digits a finite number shows: 0.380 has 2, 1200 has 2."""
    return len(Decimal(repr(float(number))).normalize().as_tuple().digits) if number else 1


@dataclass(frozen=True)
class Precision:
    """The most decimals and significant digits that the numbers of a page show; none where all are exact."""

    decimals: int = 0
    digits: int = 0
    known: bool = False

    @classmethod
    def of(cls, inexact: Iterable[float]) -> Precision:
        numbers = [x for x in inexact if x]
        if not numbers:
            return cls()
        decimals, digits = _most([decimals_typed(x) for x in numbers]), _most([digits_typed(x) for x in numbers])
        return cls(decimals, digits, True)

    def half_a_unit(self, x: float) -> float:
        """Half of the width of a typed number."""
        if not x:
            return 0.5 * 10.0**-self.decimals
        power = floor(log10(abs(x)))
        shown = min(self.decimals, self.digits - 1 - power)
        return 0.5 * 10.0 ** -max(decimals_typed(x), shown, LEAST_DIGITS - 1 - power)

    def half_a_unit_between(self, x: float) -> float:
        """The same for a number that someone rounds on the way without writing it on the page."""
        if not self.known or not x:
            return 0.0
        power = floor(log10(abs(x)))
        return 0.5 * 10.0 ** -max(min(self.decimals, self.digits - 1 - power), LEAST_DIGITS - 1 - power)


def _most(counts: List[int]) -> int:
    """The largest, or the second where only one number has so many."""
    ranked = sorted(counts, reverse=True)
    return ranked[1] if len(ranked) > 1 else ranked[0]
