"""Numbers that are known up to rounding: what a formula gives for all that its operands may stand for.

A Box is the value `at` the numbers as they are written, bounds that hold for every number within half a unit of those,
and how fast it changes with each of them. The slopes are what keeps y·(1 − y) from being bounded as if its two y were
different numbers: by the mean value theorem, f lies within Σ |∂f/∂xᵢ| rᵢ of its value at the centre, where the slopes
are bounded over the whole box and rᵢ is half of its width along xᵢ. The tighter of the two bounds is kept.
(R. E. Moore, Interval Analysis, 1966: natural and centred forms.)
"""

from __future__ import annotations

import math
from typing import Callable, Dict, Iterable, Tuple

Bounds = Tuple[float, float]
EVERYTHING: Bounds = (-math.inf, math.inf)
NOISE = 4e-16  # relative, of one operation in floating point
MAX_SOURCES = 100  # more roundings than these count as one


class Source:
    """One rounding: a number may be off by up to `radius`."""

    __slots__ = ("radius",)

    def __init__(self, radius: float) -> None:
        self.radius = radius


Slopes = Dict[Source, Bounds]
CONSTANT: Slopes = {}


class Box:
    __slots__ = ("at", "low", "high", "slopes")

    def __init__(self, at: float, low: float, high: float, slopes: Slopes = CONSTANT) -> None:
        """Without slopes, a number that is off for a reason of its own: what jumps has none."""
        if slopes:
            reach = NOISE * abs(at)
            for source, (least, most) in slopes.items():
                reach += max(-least, most) * source.radius
            if reach < math.inf:
                low, high = max(low, at - reach), min(high, at + reach)
        if low < high and not 0 < len(slopes) <= MAX_SOURCES:
            slopes = {Source(max(at - low, high - at)): (1.0, 1.0)}
        self.at, self.slopes = at, slopes
        self.low, self.high = (low, high) if low <= at <= high else (min(low, at), max(high, at))

    @classmethod
    def exact(cls, value: float) -> Box:
        return cls(value, value, value)

    @classmethod
    def around(cls, value: float, radius: float) -> Box:
        """A number that may be off by `radius`."""
        return cls(value, value - radius, value + radius)

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    def rounded(self, radius: float) -> Box:
        """The same, written down and thereby off by up to `radius` more."""
        if not radius or not math.isfinite(self.at):
            return self
        slopes = {**self.slopes, Source(radius): (1.0, 1.0)}
        return Box(self.at, self.low - radius, self.high + radius, slopes)

    def meets(self, low: float, high: float) -> bool:
        return self.low <= high and low <= self.high

    # --- arithmetic -------------------------------------------------------------------------------------------------
    def __neg__(self) -> Box:
        return _chain(-self.at, (-self.high, -self.low), (self, (-1.0, -1.0)))

    def __add__(self, other: Box) -> Box:
        bounds = self.low + other.low, self.high + other.high
        return _chain(self.at + other.at, bounds, (self, (1.0, 1.0)), (other, (1.0, 1.0)))

    def __sub__(self, other: Box) -> Box:
        bounds = self.low - other.high, self.high - other.low
        return _chain(self.at - other.at, bounds, (self, (1.0, 1.0)), (other, (-1.0, -1.0)))

    def __mul__(self, other: Box) -> Box:
        bounds = _times(self.bounds, other.bounds)
        return _chain(self.at * other.at, bounds, (self, other.bounds), (other, self.bounds))

    def __truediv__(self, other: Box) -> Box:
        return self * other.inverse()

    def inverse(self) -> Box:
        if self.is_exact and not self.at:
            raise ZeroDivisionError
        if self.low <= 0 <= self.high:
            at = self.at or (self.high if self.high > -self.low else self.low)  # 0 may stand for any of its box
            return Box(1 / at, *EVERYTHING)
        least, most = 1 / self.high, 1 / self.low
        squares = least * least, most * most
        return _chain(1 / self.at, (least, most), (self, (-max(squares), -min(squares))))

    def power(self, other: Box) -> Box:
        """self to the power other."""
        if other.is_exact and other.at == int(other.at) and abs(other.at) <= 64:
            return self._whole_power(int(other.at))
        if self.high <= 0:
            return Box.exact(math.pow(self.at, other.at))  # a power of zero or of a negative number has no box
        return (other * self.log()).exp()

    def _whole_power(self, n: int) -> Box:
        if n < 0:
            return self._whole_power(-n).inverse()
        if n == 0:
            return Box.exact(1.0)
        slope = _power(self.bounds, n - 1)
        return _chain(self.at**n, _power(self.bounds, n), (self, (n * slope[0], n * slope[1])))

    # --- functions --------------------------------------------------------------------------------------------------
    def exp(self) -> Box:
        return self._rising(_exp, _exp)

    def log(self) -> Box:
        if self.high <= 0:
            raise ArithmeticError("the logarithm of a number that is not positive")
        low = math.log(self.low) if self.low > 0 else -math.inf
        slope = (1 / self.high, 1 / self.low if self.low > 0 else math.inf)
        at = self.at if self.at > 0 else self.high / 2  # 0 may stand for any of its box
        return _chain(math.log(at), (low, math.log(self.high)), (self, slope))

    def sqrt(self) -> Box:
        if self.high < 0:
            raise ArithmeticError("the root of a negative number")
        low, high = math.sqrt(max(self.low, 0.0)), math.sqrt(self.high)
        slope = (0.5 / high if high else math.inf, 0.5 / low if low else math.inf)
        return _chain(math.sqrt(max(self.at, 0.0)), (low, high), (self, slope))

    def tanh(self) -> Box:
        return self._bell(math.tanh, lambda x: 1 - math.tanh(x) ** 2)

    def erf(self) -> Box:
        return self._bell(math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-min(x * x, 700.0)))

    def sin(self) -> Box:
        return self._wave(math.sin, math.cos)

    def cos(self) -> Box:
        return self._wave(math.cos, lambda x: -math.sin(x))

    def _wave(self, f: Callable[[float], float], slope: Callable[[float], float]) -> Box:
        """A sine: never outside of -1 and 1, and its slope neither."""
        if self.is_exact:
            return Box.exact(f(self.at))
        steepest = min(1.0, abs(slope(self.at)) + (self.high - self.low))  # the slope of the slope is at most 1
        return _chain(f(self.at), (-1.0, 1.0), (self, (-steepest, steepest)))

    def magnitude(self) -> Box:
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        return _chain(abs(self.at), (0.0, max(-self.low, self.high)), (self, (-1.0, 1.0)))

    def step(self, f: Callable[[float], float]) -> Box:
        """A function that rises in jumps: the sign, the whole part."""
        return Box(f(self.at), f(self.low), f(self.high))

    def _rising(self, f: Callable[[float], float], slope: Callable[[float], float]) -> Box:
        """A function that rises, and whose slope does too."""
        return _chain(f(self.at), (f(self.low), f(self.high)), (self, (slope(self.low), slope(self.high))))

    def _bell(self, f: Callable[[float], float], slope: Callable[[float], float]) -> Box:
        """A function that rises, fastest at 0 and ever slower away from it on both sides."""
        ends = slope(self.low), slope(self.high)
        steepest = slope(0.0) if self.low < 0 < self.high else max(ends)
        return _chain(f(self.at), (f(self.low), f(self.high)), (self, (min(ends), steepest)))


def total(boxes: Iterable[Box]) -> Box:
    """The sum of several numbers."""
    at = low = high = 0.0
    slopes: Slopes = {}
    for box in boxes:
        at, low, high = at + box.at, low + box.low, high + box.high
        for source, (least, most) in box.slopes.items():
            known = slopes.get(source)
            slopes[source] = (known[0] + least, known[1] + most) if known else (least, most)
    return Box(at, low, high, slopes)


def either(at: Box, *others: Box) -> Box:
    """One of several numbers, the first one at the centre: which one depends on the rounding."""
    boxes = (at, *others)
    return Box(at.at, min(box.low for box in boxes), max(box.high for box in boxes))


def largest(boxes: Tuple[Box, ...]) -> Box:
    """The largest of several numbers. It changes as fast as one of those that may be the largest."""
    at = max(boxes, key=lambda box: box.at)
    bottom = max(box.low for box in boxes)
    rivals = [box for box in boxes if box.high >= bottom]
    slopes: Slopes = {}
    for source in {source for box in rivals for source in box.slopes}:
        bounds = [box.slopes.get(source, (0.0, 0.0)) for box in rivals]
        slopes[source] = min(low for low, _ in bounds), max(high for _, high in bounds)
    return Box(at.at, bottom, max(box.high for box in boxes), slopes)


def _chain(at: float, bounds: Bounds, *parts: Tuple[Box, Bounds]) -> Box:
    """A function of some boxes, from its slope with respect to each: the chain rule."""
    slopes: Slopes = {}
    for box, slope in parts:
        for source, inner in box.slopes.items():
            low, high = _times(slope, inner)
            known = slopes.get(source)
            slopes[source] = (known[0] + low, known[1] + high) if known else (low, high)
    return Box(at, *bounds, slopes)


def _times(a: Bounds, b: Bounds) -> Bounds:
    if a == (1.0, 1.0):
        return b
    products = [_product(x, y) for x in a for y in b]
    return min(products), max(products)


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y  # 0 times infinity is 0: the bound is of no use, not the number


def _power(x: Bounds, n: int) -> Bounds:
    """The bounds of a whole power."""
    ends = x[0] ** n, x[1] ** n
    if n % 2 == 0 and n and x[0] < 0 < x[1]:
        return 0.0, max(ends)
    return min(ends), max(ends)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.7 else math.inf


__all__ = ["Bounds", "Box", "Source", "either", "largest", "total"]
