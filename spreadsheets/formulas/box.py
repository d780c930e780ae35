"""Numbers that are known up to rounding: what a formula gives for all that its operands may stand for.

A Box is the value `at` the numbers as they are written, bounds that hold for every number within half a unit of those,
and how fast it changes with each of them. The slopes are what keeps y·(1 − y) from being bounded as if its two y were
different numbers: by the mean value theorem, f lies within Σ |∂f/∂xᵢ| rᵢ of its value at the centre, where the slopes
are bounded over the whole box and rᵢ is half of its width along xᵢ. The tighter of the two bounds is kept.
(R. E. Moore, Interval Analysis, 1966: natural and centred forms.)
"""

from __future__ import annotations

import math
from typing import Callable, Dict, Hashable, Mapping, Optional, Tuple

Bounds = Tuple[float, float]
EVERYTHING: Bounds = (-math.inf, math.inf)
NOISE = 4e-16  # relative, of one operation in floating point


class Radii(Dict[Hashable, float]):
    """Half of the width of each number that boxes depend on."""


class Box:
    __slots__ = ("at", "low", "high", "slopes", "radii")

    def __init__(
        self, at: float, low: float, high: float, slopes: Optional[Mapping[Hashable, Bounds]] = None,
        radii: Optional[Radii] = None,
    ) -> None:  # fmt: skip
        self.at, self.slopes = at, dict(slopes or {})
        self.radii = radii if radii is not None else Radii()
        reach = sum(_largest(bounds) * self.radii[of] for of, bounds in self.slopes.items() if self.radii[of])
        noise = NOISE * abs(at) if low != high else 0.0
        if math.isfinite(at) and math.isfinite(reach):
            low, high = max(low, at - reach - noise), min(high, at + reach + noise)
        self.low, self.high = (low, high) if low <= high else (at, at)

    @classmethod
    def exact(cls, value: float) -> Box:
        return cls(value, value, value)

    @classmethod
    def around(cls, value: float, radius: float, name: Hashable, radii: Radii) -> Box:
        """A number that may be off by `radius`; boxes with the same name are the same number."""
        if not radius:
            return cls.exact(value)
        radii[name] = radius
        return cls(value, value - radius, value + radius, {name: (1.0, 1.0)}, radii)

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high

    @property
    def radius(self) -> float:
        return max(self.high - self.at, self.at - self.low)

    def rounded(self, radius: float, name: Hashable) -> Box:
        """The same, written down and thereby off by up to `radius` more."""
        if not radius or not math.isfinite(self.at):
            return self
        self.radii[name] = radius
        return Box(self.at, self.low - radius, self.high + radius, {**self.slopes, name: (1.0, 1.0)}, self.radii)

    def meets(self, low: float, high: float) -> bool:
        return self.low <= high and low <= self.high

    # --- arithmetic -------------------------------------------------------------------------------------------------
    def __neg__(self) -> Box:
        return _chain(-self.at, (-self.high, -self.low), (self, (-1.0, -1.0)))

    def __add__(self, other: Box) -> Box:
        bounds = self.low + other.low, self.high + other.high
        return _chain(self.at + other.at, bounds, (self, (1.0, 1.0)), (other, (1.0, 1.0)))

    def __sub__(self, other: Box) -> Box:
        return self + -other

    def __mul__(self, other: Box) -> Box:
        bounds = _times(self.bounds, other.bounds)
        return _chain(self.at * other.at, bounds, (self, other.bounds), (other, self.bounds))

    def __truediv__(self, other: Box) -> Box:
        return self * other.inverse()

    def inverse(self) -> Box:
        if self.at == 0:
            raise ZeroDivisionError
        if self.low <= 0 <= self.high:
            return _chain(1 / self.at, EVERYTHING, (self, EVERYTHING))
        bounds = 1 / self.high, 1 / self.low
        slope = -(_least(bounds) ** 2), -(_largest(bounds) ** 2)
        return _chain(1 / self.at, bounds, (self, (slope[1], slope[0])))

    def power(self, other: Box) -> Box:
        """self to the power other."""
        if other.low == other.high and other.at == int(other.at) and abs(other.at) <= 64:
            return self._whole_power(int(other.at))
        if self.at <= 0:
            return Box.exact(math.pow(self.at, other.at))  # a power of zero or of a negative number has no box
        return (other * self.log()).exp()

    def _whole_power(self, n: int) -> Box:
        if n < 0:
            return self._whole_power(-n).inverse()
        if n == 0:
            return Box.exact(1.0)
        ends = self.low**n, self.high**n
        low, high = min(ends), max(ends)
        if n % 2 == 0 and self.low < 0 < self.high:
            low = 0.0
        below = self.low ** (n - 1), self.high ** (n - 1)
        slope = min(below), max(below)
        if n % 2 and n > 1 and self.low < 0 < self.high:
            slope = 0.0, slope[1]
        return _chain(self.at**n, (low, high), (self, (n * slope[0], n * slope[1])))

    # --- functions --------------------------------------------------------------------------------------------------
    def exp(self) -> Box:
        return self._rising(_exp, _exp)

    def log(self) -> Box:
        if self.at <= 0:
            raise ArithmeticError("the logarithm of a number that is not positive")
        low = math.log(self.low) if self.low > 0 else -math.inf
        slope = (1 / self.high, 1 / self.low if self.low > 0 else math.inf)
        return _chain(math.log(self.at), (low, math.log(self.high)), (self, slope))

    def sqrt(self) -> Box:
        if self.at < 0:
            raise ArithmeticError("the root of a negative number")
        low, high = math.sqrt(max(self.low, 0.0)), math.sqrt(self.high)
        slope = (0.5 / high if high else math.inf, 0.5 / low if low else math.inf)
        return _chain(math.sqrt(self.at), (low, high), (self, slope))

    def tanh(self) -> Box:
        return self._bell(math.tanh, lambda x: 1 - math.tanh(x) ** 2)

    def erf(self) -> Box:
        return self._bell(math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-min(x * x, 700.0)))

    def magnitude(self) -> Box:
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        return _chain(abs(self.at), (0.0, max(-self.low, self.high)), (self, (-1.0, 1.0)))

    def _rising(self, f: Callable[[float], float], slope: Callable[[float], float]) -> Box:
        """A function that rises, and whose slope does too."""
        return _chain(f(self.at), (f(self.low), f(self.high)), (self, (slope(self.low), slope(self.high))))

    def _bell(self, f: Callable[[float], float], slope: Callable[[float], float]) -> Box:
        """A function that rises, fastest at 0 and ever slower away from it on both sides."""
        ends = slope(self.low), slope(self.high)
        steepest = slope(0.0) if self.low < 0 < self.high else max(ends)
        return _chain(f(self.at), (f(self.low), f(self.high)), (self, (min(ends), steepest)))


def either(at: Box, *others: Box) -> Box:
    """One of several numbers, the first one at the centre: which one depends on the rounding."""
    boxes = (at, *others)
    slopes: Dict[Hashable, Bounds] = {}
    for of in {of for box in boxes for of in box.slopes}:
        bounds = [box.slopes.get(of, (0.0, 0.0)) for box in boxes]
        slopes[of] = min(low for low, _ in bounds), max(high for _, high in bounds)
    result = Box(at.at, min(box.low for box in boxes), max(box.high for box in boxes))
    result.slopes, result.radii = slopes, _radii(*boxes)
    return result


def largest(boxes: Tuple[Box, ...]) -> Box:
    """The largest of several numbers."""
    at = max(boxes, key=lambda box: box.at)
    bottom = max(box.low for box in boxes)
    rivals = [box for box in boxes if box is not at and box.high > bottom]
    found = either(at, *rivals) if rivals else at
    return Box(at.at, bottom, max(box.high for box in boxes), found.slopes, found.radii)


def _chain(at: float, bounds: Bounds, *parts: Tuple[Box, Bounds]) -> Box:
    """A function of some boxes, from its slope with respect to each: the chain rule."""
    slopes: Dict[Hashable, Bounds] = {}
    for box, slope in parts:
        for of, inner in box.slopes.items():
            low, high = _times(slope, inner)
            known = slopes.get(of, (0.0, 0.0))
            slopes[of] = known[0] + low, known[1] + high
    return Box(at, *bounds, slopes, _radii(*(box for box, _ in parts)))


def _radii(*boxes: Box) -> Radii:
    return next((box.radii for box in boxes if box.slopes), boxes[0].radii)


def _times(a: Bounds, b: Bounds) -> Bounds:
    products = [_product(x, y) for x in a for y in b]
    return min(products), max(products)


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y  # 0 times infinity is 0: the bound is of no use, not the number


def _largest(bounds: Bounds) -> float:
    return max(abs(bounds[0]), abs(bounds[1]))


def _least(bounds: Bounds) -> float:
    return 0.0 if bounds[0] <= 0 <= bounds[1] else min(abs(bounds[0]), abs(bounds[1]))


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.7 else math.inf


__all__ = ["Box", "Bounds", "Radii", "either", "largest"]
