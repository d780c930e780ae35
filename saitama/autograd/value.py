"""Level 3: a number that knows where it came from, and so can say how a result depends on it.

    x = Value(3.0, name="x")
    y = x * x + 2 * x
    y.backward()
    y.data, x.grad                       # 15.0, and dy/dx = 2x + 2 = 8.0

Every operation computes its result and, right beside it, its derivative by each input. backward() then walks from the
result to the leaves and multiplies those derivatives along the way: the chain rule. Numbers are Python floats. NaN and
infinity pass through as IEEE arithmetic has it; what has no real result (log of 0, 1 / 0, the square root of -1, a
power too large for a float) is an error at once.
"""

from __future__ import annotations

import math
from itertools import count
from numbers import Real
from operator import attrgetter
from typing import Any, Callable, List, Optional, Union

Operand = Union["Value", float]
_new: Callable[[type], Any] = object.__new__
_next_order: Callable[[], int] = count().__next__
_order = attrgetter("order")


class Value:
    """A scalar y = op(a, b) with the derivative of y by each input. A leaf has no inputs.

    data: the number. grad: d(result)/d(this) after result.backward(), 0.0 before. name: shown in drawings.
    a, b: the inputs, None where there is none. da, db: dy/da and dy/db.
    order: counts the results made, so that an input always has a smaller one.
    """

    __slots__ = ("data", "grad", "name", "op", "a", "da", "b", "db", "order")

    def __init__(self, data: float, name: Optional[str] = None) -> None:
        self.data: float = data if type(data) is float else _number(data)
        self.grad = 0.0
        self.name = name
        self.op = ""
        self.a: Optional[Value] = None
        self.da = 0.0
        self.b: Optional[Value] = None
        self.db = 0.0
        self.order = 0

    # Each operation: y, then dy/da, then dy/db. ----------------------------------------------------------------------

    def __add__(self, other: Operand) -> Value:
        b = other if isinstance(other, Value) else Value(other)
        return _result("+", self.data + b.data, self, 1.0, b, 1.0)

    def __sub__(self, other: Operand) -> Value:
        b = other if isinstance(other, Value) else Value(other)
        return _result("-", self.data - b.data, self, 1.0, b, -1.0)

    def __mul__(self, other: Operand) -> Value:
        b = other if isinstance(other, Value) else Value(other)
        return _result("*", self.data * b.data, self, b.data, b, self.data)

    def __truediv__(self, other: Operand) -> Value:
        b = other if isinstance(other, Value) else Value(other)
        if b.data == 0.0:
            raise ZeroDivisionError(
                f"{self.data!r} / {b.data!r}: division by zero has no result; the divisor must not be 0"
            )
        y = self.data / b.data
        return _result("/", y, self, 1.0 / b.data, b, -y / b.data)

    def __pow__(self, other: Operand) -> Value:
        b = other if isinstance(other, Value) else Value(other)
        y = _power(self.data, b.data)
        return _result("**", y, self, _power_da(self.data, b.data, y), b, _power_db(self.data, b.data, y))

    def __neg__(self) -> Value:
        return _result("neg", -self.data, self, -1.0)

    def exp(self) -> Value:
        try:
            y = math.exp(self.data)
        except OverflowError:
            raise OverflowError(
                f"exp({self.data!r}) is too large for a float; the largest input that fits is about 709.78"
            ) from None
        return _result("exp", y, self, y)

    def log(self) -> Value:
        """The natural logarithm."""
        x = self.data
        if x <= 0.0:
            raise ValueError(f"log({x!r}): the logarithm is defined for numbers above 0 only")
        return _result("log", math.log(x), self, 1.0 / x)

    def tanh(self) -> Value:
        y = math.tanh(self.data)
        return _result("tanh", y, self, 1.0 - y * y)

    def sigmoid(self) -> Value:
        """1 / (1 + e^-x), computed so that no exponential overflows."""
        e = math.exp(-abs(self.data))  # at most 1
        y = 1.0 / (1.0 + e) if self.data >= 0.0 else e / (1.0 + e)
        return _result("sigmoid", y, self, y * (1.0 - y))

    def relu(self) -> Value:
        """max(0, x); its derivative at 0 is taken to be 0. NaN stays NaN."""
        x = self.data
        return _result("relu", 0.0, self, 0.0) if x <= 0.0 else _result("relu", x, self, 1.0)

    # A number on the left: 2 + x, 2 - x, 2 * x, 2 / x, 2 ** x. -------------------------------------------------------

    def __radd__(self, other: float) -> Value:
        return Value(other) + self

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __rmul__(self, other: float) -> Value:
        return Value(other) * self

    def __rtruediv__(self, other: float) -> Value:
        return Value(other) / self

    def __rpow__(self, other: float) -> Value:
        return Value(other) ** self

    # The chain rule. -------------------------------------------------------------------------------------------------

    def backward(self) -> None:
        """Put d(self)/d(v) into the .grad of every Value v that self was computed from.

        Leaves add it to what they hold, so set .grad = 0.0 before the next step of training. Results in between start
        from 0 each time, so a second backward() adds the same numbers to the leaves once more, and never counts a path
        twice. Not for several threads at once on the same Values: they would lose what the others add.
        """
        if self.a is None:  # a leaf: d(self)/d(self) = 1
            self.grad += 1.0
            return
        results = results_below(self)
        results.sort(key=_order, reverse=True)  # newest first: every use of a Value comes before the Value itself
        for y in results:
            y.grad = 0.0
        self.grad = 1.0
        for y in results:
            dy = y.grad
            y.a.grad += dy * y.da  # type: ignore[union-attr]
            if y.b is not None:
                y.b.grad += dy * y.db

    def __repr__(self) -> str:
        name = "" if self.name is None else f", name={self.name!r}"
        return f"Value({self.data!r}, grad={self.grad!r}{name})"


def _result(op: str, data: float, a: Value, da: float, b: Optional[Value] = None, db: float = 0.0) -> Value:
    """y = op(a, b) as a Value, made without __init__ and its checks: this runs for every operation."""
    y: Value = _new(Value)
    y.data = data
    y.grad = 0.0
    y.name = None
    y.op = op
    y.a = a
    y.da = da
    y.b = b
    y.db = db
    y.order = _next_order()
    return y


def results_below(root: Value) -> List[Value]:
    """The root and every result it was computed from, each once, in no particular order; none for a leaf.

    A loop, because recursion ends at a depth of 1000.
    """
    if root.a is None:
        return []
    found = {root}
    waiting = [root]
    while waiting:
        y = waiting.pop()
        a: Value = y.a  # type: ignore[assignment]  # only leaves have none
        b = y.b
        if a.a is not None and a not in found:
            found.add(a)
            waiting.append(a)
        if b is not None and b.a is not None and b not in found:
            found.add(b)
            waiting.append(b)
    return list(found)


def _number(data: object) -> float:
    if not isinstance(data, Real):
        raise TypeError(f"a Value holds one number, not {type(data).__name__} {data!r:.40}; for arrays use Tensor")
    try:
        return float(data)
    except OverflowError:
        raise OverflowError("this integer is too large for a float, whose largest number is about 1.8e308") from None


def _power(a: float, b: float) -> float:
    if a == 0.0 and b < 0.0:
        raise ZeroDivisionError(f"{a!r} ** {b!r} is 1 / 0: a base of 0 needs an exponent of 0 or more")
    if a < 0.0 and not b.is_integer() and math.isfinite(a) and math.isfinite(b):
        raise ValueError(f"({a!r}) ** {b!r} is not a real number: a negative base needs a whole exponent")
    try:
        return math.pow(a, b)
    except OverflowError:
        raise OverflowError(
            f"({a!r}) ** {b!r} is too large for a float, whose largest number is about 1.8e308"
        ) from None


def _power_da(a: float, b: float, y: float) -> float:
    """dy/da = b a^(b-1); infinite where the slope is, as at the foot of a root, or past the largest float."""
    if b == 0.0:
        return 0.0
    try:
        return b * math.pow(a, b - 1.0)
    except ValueError:  # 0 to a negative power
        return math.inf
    except OverflowError:
        return b * (y / a)


def _power_db(a: float, b: float, y: float) -> float:
    """dy/db = a^b ln a; 0 for a = 0, NaN for a negative base, whose power is real for whole exponents only."""
    if a == 0.0:
        return 0.0
    return y * math.log(a) if a > 0.0 else math.nan
