"""An operand's transpose used, or not where it is needed."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from ...formulas import Scope
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("transposed", KNOWS_THE_OPERATION)
class Transposed(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        names = case.operand_names()
        for n, name in enumerate(names):
            cell = case.again(lambda scope, n=n: turn(case, scope, n))
            if cell is not None:
                yield f"{name} was turned: its rows taken for its columns", cell
        if case.is_gradient:
            name = case.work.subject.slope(case.step.of)
            cell = case.again(lambda scope: turn_arriving(case, scope))
            if cell is not None:
                yield f"{name} was turned: its rows taken for its columns", cell
        if case.op == "MatMul" and case.k is not None:
            yield from self.on_the_other_side(case, names)

    @staticmethod
    def on_the_other_side(case: Case, names: List[str]) -> Iterator[Tuple[str, Cell]]:
        """W dy in place of dy Wᵀ: the factors of a gradient in the other order."""

        def swapped(scope: Scope) -> None:
            k = case.k or 0
            other = list(scope.x)
            other[1 - k] = case.turned(other[1 - k])
            scope.x = tuple(other)

        cell = case.again(swapped)
        if cell is not None:
            yield f"{names[1 - (case.k or 0)]} in place of its transpose", cell


def turn(case: Case, scope: Scope, n: int) -> None:
    view = scope.x[n]
    if len(view.shape) < 2 or view.shape[-1] != view.shape[-2]:
        raise ValueError("not square")
    scope.x = (*scope.x[:n], case.turned(view), *scope.x[n + 1 :])


def turn_arriving(case: Case, scope: Scope) -> None:
    if len(scope.dy.shape) < 2 or scope.dy.shape[-1] != scope.dy.shape[-2]:
        raise ValueError("not square")
    scope.dy = case.turned(scope.dy)
