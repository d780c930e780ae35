"""Element by element, of two operands that broadcast."""

from __future__ import annotations

from typing import ClassVar, Optional, Sequence

from ..layout import Index, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape, widen


class Binary(Formula):
    """y = f(a, b) with broadcasting. `da` and `db` write one result cell's share of the gradient."""

    symbol: ClassVar[Optional[str]] = None  # written between the operands

    def text(self, names: Sequence[str], params: Params) -> str:
        if self.symbol is None:
            return super().text(names, params)
        return f" {self.symbol} ".join(names)

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        a, b = shapes
        return broadcast_shape(a, b)

    def y(self, a: str, b: str) -> str:
        raise NotImplementedError

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.else_nan(self.y(a, b), a, b)

    def singular(self, a: float, b: float) -> bool:
        """Whether the plain formulas fail at (a, b) though both are finite."""
        return False

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        raise NotImplementedError

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.else_nan(self.share(k, dy, a, b, y), dy, a, b)

    def forward(self, s: Scope) -> Cell:
        a, b = s.x

        def cell(i: Index) -> str:
            ia, ib = a.broadcast(i), b.broadcast(i)
            va, vb = a.value(ia), b.value(ib)
            plain = ieee.finite(va, vb, s.y.value(i)) and not self.singular(va, vb)
            return (self.y if plain else self.y_ieee)(a[ia], b[ib])

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        a, b = s.x

        def cell(i: Index) -> str:
            ia, ib = a.broadcast(i), b.broadcast(i)
            va, vb = a.value(ia), b.value(ib)
            plain = ieee.finite(va, vb, s.y.value(i), s.dy.value(i)) and not self.singular(va, vb)
            return (self.share if plain else self.share_ieee)(k, s.dy[i], a[ia], b[ib], s.y[i])

        return s.unbroadcast(k, "share of each result, before the sum over what was broadcast", cell)


class Linear(Binary):
    """Add and Sub: the share of a result is its own gradient, so a broadcast needs no helper block."""

    def backward(self, s: Scope, k: int) -> Cell:
        shape, full = s.x[k].shape, s.y.shape
        if shape == full or self.share(k, "g", "a", "b", "y") != "g":
            return super().backward(s, k)
        return lambda i: s.sum_of_cells(s.dy.ranges(widen(i, shape, full)))


@formula("Add")
class Add(Linear):
    words, maths, symbol = "the sum", "y = a + b", "+"
    derivative = ("dE/da = dE/dy", "dE/db = dE/dy")

    def y(self, a: str, b: str) -> str:
        return f"{a}+{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.plus(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return dy

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return dy


@formula("Sub")
class Sub(Linear):
    words, maths, symbol = "the difference", "y = a − b", "-"
    derivative = ("dE/da = dE/dy", "dE/db = −dE/dy")

    def y(self, a: str, b: str) -> str:
        return f"{a}-{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.minus(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"-{dy}" if k else dy

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.opposite(dy) if k else dy


@formula("Mul")
class Mul(Binary):
    words, maths, symbol = "the product, element by element", "y = a · b", "*"
    derivative = ("dE/da = dE/dy · b", "dE/db = dE/dy · a")

    def y(self, a: str, b: str) -> str:
        return f"{a}*{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.times(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"{dy}*{a if k else b}"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.times(dy, a if k else b)


@formula("Div")
class Div(Binary):
    words, maths, symbol = "the quotient", "y = a / b", "/"
    derivative = ("dE/da = dE/dy / b", "dE/db = −dE/dy · a / b²")

    def y(self, a: str, b: str) -> str:
        return f"{a}/{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.over(a, b)

    def singular(self, a: float, b: float) -> bool:
        return b == 0

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"-{dy}*{a}/{b}^2" if k else f"{dy}/{b}"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.else_nan(f"IF({b}=0,{ieee.NAN},{self.share(k, dy, a, b, y)})", dy, a, b) if k else ieee.over(dy, b)


@formula("Pow")
class Pow(Binary):
    words, maths, symbol = "a to the power b", "y = aᵇ", "**"
    derivative = ("dE/da = dE/dy · b · aᵇ⁻¹", "dE/db = dE/dy · aᵇ · ln a  (0 where a = 0)")

    def y(self, a: str, b: str) -> str:
        return f"{a}^{b}"

    def y_ieee(self, a: str, b: str) -> str:
        at_zero = f'IF({b}=0,1,IF({b}>0,0,"inf"))'  # programs disagree on 0^0
        return ieee.else_nan(f"IF({a}=0,{at_zero},{a}^{b})", a, b)

    def singular(self, a: float, b: float) -> bool:
        return a <= 0

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"{dy}*{a}^{b}*LN({a})" if k else f"{dy}*{b}*{a}^({b}-1)"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        if k:
            return ieee.else_nan(
                f"IF({a}>0,{self.share(k, dy, a, b, y)},IF({a}=0,IF({b}<0,{ieee.NAN},0),{ieee.NAN}))", dy, a, b
            )
        at_zero = f'IF({b}=0,0,IF({b}=1,{dy},IF({b}>1,0,"inf")))'
        return ieee.else_nan(f"IF({a}=0,{at_zero},{self.share(k, dy, a, b, y)})", dy, a, b)


class Extremum(Binary):
    words = "the larger (or smaller) of each pair"

    def y(self, a: str, b: str) -> str:
        return f"{self.function}({a},{b})"

    def y_ieee(self, a: str, b: str) -> str:
        chosen = f"IF({ieee.order(a)}{self.compare}{ieee.order(b)},{a},{b})"
        return ieee.either_nan(a, b, ieee.NAN, chosen)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        mine, other = (b, a) if k else (a, b)
        return f"IF({mine}{self.compare}{other},{dy},IF({mine}={other},{dy}/2,0))"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        mine, other = (ieee.order(b), ieee.order(a)) if k else (ieee.order(a), ieee.order(b))
        chosen = f"IF({mine}{self.compare}{other},{dy},IF({mine}={other},{dy}/2,0))"
        return ieee.either_nan(a, b, ieee.NAN, chosen)

    function: ClassVar[str]
    compare: ClassVar[str]


@formula("Maximum")
class Maximum(Extremum):
    words, maths, function, compare = "the larger of each pair", "y = max(a, b)", "MAX", ">"
    derivative = ("dE/da = dE/dy where a > b, half of it where a = b, else 0", "dE/db likewise")


@formula("Minimum")
class Minimum(Extremum):
    words, maths, function, compare = "the smaller of each pair", "y = min(a, b)", "MIN", "<"
    derivative = ("dE/da = dE/dy where a < b, half of it where a = b, else 0", "dE/db likewise")
