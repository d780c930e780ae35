"""The shape of every formula, and the table of them all."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Sequence, Tuple, Type, TypeVar

from ..layout import Shape
from .scope import Cell, Scope
from .wording import Wording

Params = Dict[str, Any]


class Formula:
    """How one operation is written into a workbook.

    `words` says what it does; `maths` is the formula and `derivative` the formulas of the gradients, as one writes
    them on paper, in letters: y for the result, `letters` for the operands (wording.py puts names in their place).
    `forward` and `backward` give the formula of each cell; they may first write helper blocks, and `last` and
    `last_back` are then the rules of what is left to do.

    `moves`: whether a cell of the result is an operand's cell, whatever that holds. `rounds`: whether the result is
    rounded, and not one of the operands' numbers or a whole number. `cancels`: whether the derivative takes a number
    near 1 from 1, which leaves rounding errors as large as those of the 1.
    """

    words: str = ""
    maths: str = ""
    derivative: Tuple[str, ...] = ()
    letters: Tuple[str, ...] = ("x",)
    last: str = ""
    last_back: Tuple[str, ...] = ()
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

    def wording(
        self,
        names: Sequence[str],
        gradients: Sequence[str],
        result: str,
        arriving: str,
        shapes: Sequence[Shape],
        params: Params,
    ) -> Wording:
        """The names for the letters of the operation: of the operands and their gradients, of the result and its."""
        return Wording(self.letters, names, gradients, result, arriving, shapes, self.counts(shapes, params))

    def counts(self, shapes: Sequence[Shape], params: Params) -> Dict[str, int]:
        """The numbers that have a letter in the mathematics, such as how many are added up."""
        return {}

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        """What is left to do for the result, in names."""
        return word.rule(self.last or self.maths)

    def rule_back(self, word: Wording, k: int, names: Sequence[str], params: Params) -> str:
        """What is left to do for the gradient of operand k, in names."""
        last = self.last_back[k] if k < len(self.last_back) else ""
        return word.rule(last or self.derivative[min(k, len(self.derivative) - 1)])

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
