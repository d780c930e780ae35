"""Comparisons, and the choice they lead to."""

from __future__ import annotations

from typing import ClassVar, Sequence

from ..layout import Index, Shape
from . import ieee
from .binary import BinaryFormula
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape


class Comparing(BinaryFormula):
    """By the sign of the difference: programs compare numbers approximately."""

    words, derivative = "a comparison: 1 where it holds, 0 where it does not", ("no gradient",)
    rounds = False
    sign: ClassVar[str]  # what the sign of a - b is where it holds
    with_nan: ClassVar[int] = 0

    def y(self, a: str, b: str) -> str:
        return f"IF(SIGN({a}-{b}){self.sign},1,0)"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.either_nan(a, b, str(self.with_nan), self.y(ieee.order(a), ieee.order(b)))


@formula("Eq")
class Eq(Comparing):
    maths, symbol, sign = "y = (a = b)", "==", "=0"


@formula("Ne")
class Ne(Comparing):
    maths, symbol, sign, with_nan = "y = (a ≠ b)", "!=", "<>0", 1


@formula("Lt")
class Lt(Comparing):
    maths, symbol, sign = "y = (a < b)", "<", "=-1"


@formula("Le")
class Le(Comparing):
    maths, symbol, sign = "y = (a ≤ b)", "<=", "<=0"


@formula("Gt")
class Gt(Comparing):
    maths, symbol, sign = "y = (a > b)", ">", "=1"


@formula("Ge")
class Ge(Comparing):
    maths, symbol, sign = "y = (a ≥ b)", ">=", ">=0"


@formula("Where")
class Where(Formula):
    words, maths = "a where the condition holds, else b", "y = a where c holds, else b"
    derivative = ("", "dE/da = dE/dy where c holds, else 0", "dE/db = dE/dy where c does not hold, else 0")
    letters = ("c", "a", "b")
    moves, rounds = True, False

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        return broadcast_shape(*shapes)

    def forward(self, s: Scope) -> Cell:
        condition, a, b = s.x
        return lambda i: f"IF({condition[condition.broadcast(i)]},{a[a.broadcast(i)]},{b[b.broadcast(i)]})"

    def backward(self, s: Scope, k: int) -> Cell:
        condition = s.x[0]

        def cell(i: Index) -> str:
            chosen = condition[condition.broadcast(i)]
            return f"IF({chosen},{s.dy[i]},0)" if k == 1 else f"IF({chosen},0,{s.dy[i]})"

        return s.unbroadcast(k, self.derivative[k].partition(" = ")[2], cell)
