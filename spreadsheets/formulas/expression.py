"""Arithmetic on blocks of cells: `beta1 * m + (1 - beta1) * g` as the formula of each cell.

With it a rule is written once, as in its paper: on Tensors it computes, on Expressions it writes.
"""

from __future__ import annotations

from typing import Callable, Tuple, Union

from ..layout import Index
from . import ieee
from .scope import View, guarded
from .unary import Sqrt

Text = Callable[[Index], str]
SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a formula holds together


class Expression:
    """`plain` and `guarded` give the formula of a cell, the second for tensors that met an infinity or NaN."""

    def __init__(self, plain: Text, guarded: Text, rank: int, reads: Tuple[View, ...]) -> None:
        self.plain, self.guarded, self.rank, self.reads = plain, guarded, rank, reads

    def cell(self, result: View) -> Text:
        """The formula of each cell of `result`."""
        return guarded(self.plain, self.guarded, result, *self.reads)

    def sqrt(self) -> Expression:
        return Expression(
            lambda i: f"SQRT({self.plain(i)})", lambda i: Sqrt().y_ieee(self.guarded(i), {}), ATOM, self.reads
        )

    def __add__(self, other: Operand) -> Expression:
        return _join(self, "+", other, SUM, ieee.plus)

    def __sub__(self, other: Operand) -> Expression:
        return _join(self, "-", other, SUM, ieee.minus)

    def __rsub__(self, other: Operand) -> Expression:
        return _join(other, "-", self, SUM, ieee.minus)

    def __mul__(self, other: Operand) -> Expression:
        return _join(self, "*", other, PRODUCT, ieee.times)

    def __truediv__(self, other: Operand) -> Expression:
        return _join(self, "/", other, PRODUCT, ieee.over)

    def __pow__(self, other: Operand) -> Expression:
        """A square, written as a product, or a power of constants: some programs have an error for what is too small
        for a number."""
        if other == 2:
            square = self * self
            return Expression(square.plain, lambda i: ieee.square(self.guarded(i)), PRODUCT, self.reads)
        power = _join(self, "^", other, POWER, ieee.times)
        return constant(f"IFERROR({power.plain(())},0)")


Operand = Union[Expression, int]


def block(view: View) -> Expression:
    """The numbers of a block; a single number goes with every index."""

    def address(i: Index) -> str:
        return view[view.broadcast(i)]

    return Expression(address, address, ATOM, (view,))


def constant(text: str) -> Expression:
    """A number, or the address of one that is never infinite: a hyper-parameter, a count."""
    return Expression(lambda i: text, lambda i: text, ATOM, ())


def either(flag: Expression, then: Expression, otherwise: Expression) -> Expression:
    """`then` where the flag is not 0."""

    def choose(form: str) -> Text:
        return lambda i: f"IF({flag.plain(i)},{getattr(then, form)(i)},{getattr(otherwise, form)(i)})"

    return Expression(choose("plain"), choose("guarded"), ATOM, then.reads + otherwise.reads)


def _join(a: Operand, operator: str, b: Operand, rank: int, guard: Callable[[str, str], str]) -> Expression:
    left, right = (x if isinstance(x, Expression) else constant(repr(x)) for x in (a, b))

    def plain(i: Index) -> str:
        first, second = left.plain(i), right.plain(i)
        first = first if left.rank >= rank + (operator == "^") else f"({first})"
        second = second if right.rank >= rank + (operator in "-/^") else f"({second})"
        return f"{first}{operator}{second}"

    def guarded(i: Index) -> str:
        if not (left.reads or right.reads):
            return f"({plain(i)})"
        if operator == "*" and not left.reads:
            return ieee.scaled(left.guarded(i), right.guarded(i))
        return guard(left.guarded(i), right.guarded(i))

    return Expression(plain, guarded, rank, left.reads + right.reads)
