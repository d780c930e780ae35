"""How a learner writes numbers down."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import floor, isfinite, log10

from .lists import Write


@dataclass(frozen=True)
class Writing:
    """`places` decimals or, with `significant`, significant digits. `kept`: every digit is kept in the calculator and
    only what is written down is rounded; else one goes on with the numbers that were written. `jots`: products on
    the way are written down too, somewhere."""

    places: int
    significant: bool
    kept: bool
    jots: bool

    @classmethod
    def random(cls, rng: random.Random) -> Writing:
        kept = rng.random() < 0.5
        return cls(rng.randint(2, 6), rng.random() < 0.5, kept, not kept and rng.random() < 0.4)

    def decimals(self, x: float) -> int:
        """The decimals that x is written with."""
        return self.places - 1 - floor(log10(abs(x))) if self.significant and x else self.places

    def half(self, x: float) -> float:
        """By how much a number that was written as x may be off."""
        return 0.5 * 10.0 ** -self.decimals(x) if isfinite(x) else 0.0

    def written(self, x: float) -> float:
        return rounded(x, self.decimals(x)) if isfinite(x) else x

    def jotted(self, x: float) -> float:
        """A number on the way: nobody keeps less than two digits of one that goes on."""
        if not isfinite(x) or not x:
            return x
        return rounded(x, self.decimals_on_the_way(x))

    def decimals_on_the_way(self, x: float) -> int:
        return max(self.decimals(x), 1 - floor(log10(abs(x))))

    def half_on_the_way(self, x: float) -> float:
        return 0.5 * 10.0 ** -self.decimals_on_the_way(x) if x and isfinite(x) else 0.0

    @property
    def on_the_way(self) -> Write:
        return self.jotted if self.jots else lambda x: x

    def __str__(self) -> str:
        how = f"{self.places} {'digits' if self.significant else 'decimals'}"
        return how + (", every digit kept" if self.kept else ", products too" if self.jots else "")


def rounded(x: float, decimals: int) -> float:
    """As one learns it: a 5 goes up."""
    return float(Decimal(repr(x)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
