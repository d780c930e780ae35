"""Comparisons, and the choice they lead to."""

from __future__ import annotations

from typing import ClassVar, Sequence

from ..layout import Index, Shape
from . import ieee
from .binary import Binary
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape


class Comparison(Binary):
    words, derivative = "a comparison: 1 where it holds, 0 where it does not", ("no gradient",)
    relation: ClassVar[str]
    with_nan: ClassVar[int] = 0

    def y(self, a: str, b: str) -> str:
        return f"IF({a}{self.relation}{b},1,0)"

    def y_ieee(self, a: str, b: str) -> str:
        holds = f"IF({ieee.order(a)}{self.relation}{ieee.order(b)},1,0)"
        return ieee.either_nan(a, b, str(self.with_nan), holds)


@formula("Eq")
class Eq(Comparison):
    maths, symbol, relation = "y = (a = b)", "==", "="


@formula("Ne")
class Ne(Comparison):
    maths, symbol, relation, with_nan = "y = (a ≠ b)", "!=", "<>", 1


@formula("Lt")
class Lt(Comparison):
    maths, symbol, relation = "y = (a < b)", "<", "<"


@formula("Le")
class Le(Comparison):
    maths, symbol, relation = "y = (a ≤ b)", "<=", "<="


@formula("Gt")
class Gt(Comparison):
    maths, symbol, relation = "y = (a > b)", ">", ">"


@formula("Ge")
class Ge(Comparison):
    maths, symbol, relation = "y = (a ≥ b)", ">=", ">="


@formula("Where")
class Where(Formula):
    words, maths = "a where the condition holds, else b", "y = a if condition else b"
    derivative = ("", "dE/da = dE/dy where the condition holds, else 0", "dE/db = dE/dy where it does not, else 0")

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

        return s.unbroadcast(k, "share of each result, before the sum over what was broadcast", cell)
