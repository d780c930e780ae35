"""The shape of every formula, and the table of them all."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Sequence, Tuple, Type, TypeVar

from ..layout import Shape
from .scope import Cell, Scope

Params = Dict[str, Any]


class Formula:
    """How one operation is written into a workbook.

    `words` says what it does; `maths` is the formula and `derivative` the formulas of the gradients, as one writes
    them on paper. `forward` and `backward` give the formula of each cell; they may first write helper blocks.

    `moves`: whether a cell of the result is an operand's cell, whatever that holds. `rounds`: whether the result is
    rounded, and not one of the operands' numbers or a whole number. `cancels`: whether the derivative takes a number
    near 1 from 1, which leaves rounding errors as large as those of the 1.
    """

    words: str = ""
    maths: str = ""
    derivative: Tuple[str, ...] = ()
    moves: bool = False
    rounds: bool = True
    cancels: bool = False

    def text(self, names: Sequence[str], params: Params) -> str:
        """The operation as an expression: `sigmoid(net)`."""
        return f"{type(self).__name__.lower()}({', '.join(names)})"

    def element(self, names: Sequence[str], params: Params, index: str) -> str:
        """One number of the result: `sigmoid(net)[0, 1]`, `(a + b)[0]`."""
        text = self.text(names, params)
        is_call = re.match(r"[\w.]+\(.*\)$", text) is not None
        return f"{text if is_call else f'({text})'}{index}" if index else text

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        """The shape of the result, worked out before anything is computed; ValueError where the operands do not fit."""
        raise NotImplementedError

    def forward(self, s: Scope) -> Cell:
        """The formula of each number of the result."""
        raise NotImplementedError

    def backward(self, s: Scope, k: int) -> Cell:
        """The formula of each number of dE/d(operand k), as far as it comes through this operation."""
        raise NotImplementedError


FORMULAS: Dict[str, Formula] = {}

F = TypeVar("F", bound=Type[Formula])


def formula(operation: str) -> Callable[[F], F]:
    """Register a class as the formula of the autograd class named `operation`."""

    def register(cls: F) -> F:
        FORMULAS[operation] = cls()
        return cls

    return register
