"""Formulas that were copied with a reference that does not move, or that has moved one place too far."""

from __future__ import annotations

from typing import Callable, Iterator

from ...formulas.syntax import Tree
from ...layout import Index
from .bank import KNOWS_THE_FORMULA, Misconception, Way, misconception
from .case import Case, Cell, Operand
from .trees import ZERO


@misconception("stuck-reference", KNOWS_THE_FORMULA)
class StuckReference(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for operand in case.operands:
            for axis, size in enumerate(operand.shape):
                if size > 1:
                    what = line_of(operand, axis)
                    yield (
                        f"every number uses the first {what} of {operand.name}",
                        moved(case, operand, axis, lambda i: 0),
                    )


@misconception("sliding-reference", KNOWS_THE_FORMULA)
class SlidingReference(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for operand in case.operands:
            for axis, size in enumerate(operand.shape):
                for by in (1, -1) if size > 1 else ():
                    what = line_of(operand, axis)
                    way = "after" if by > 0 else "before"
                    yield (
                        f"every number uses the {what} of {operand.name} {way} its own",
                        moved(case, operand, axis, lambda i, by=by: i + by),
                    )


def moved(case: Case, operand: Operand, axis: int, to: Callable[[int], int]) -> Cell:
    """The step with the numbers of an operand from another place along an axis; beyond its end are empty cells: 0."""

    def read(one: Operand, i: Index) -> Tree:
        if one.key != operand.key:
            return one.cell(i)
        at = to(i[axis])
        return one.cell((*i[:axis], at, *i[axis + 1 :])) if 0 <= at < one.shape[axis] else ZERO

    return case.reading(read)


def line_of(operand: Operand, axis: int) -> str:
    """What stands at one place of an axis."""
    last = len(operand.shape) - 1
    return "number" if not last else "column" if axis == last else "row" if axis == last - 1 else "slice"
