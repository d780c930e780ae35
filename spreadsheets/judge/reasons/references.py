"""Formulas that were copied with a reference that does not move, or that has moved one place too far."""

from __future__ import annotations

from typing import Callable, Iterator, Tuple

from ...formulas.shape import unravel
from ...formulas.syntax import Binary, Tree
from ...layout import Index, size_of
from .bank import KNOWS_THE_FORMULA, Misconception, Way, misconception
from .case import Case, Cell
from .operand import Operand
from .trees import ONE, ZERO

ROWS = -9  # an axis that runs through all rows of a stack of matrices


@misconception("stuck-reference", KNOWS_THE_FORMULA)
class StuckReference(Misconception):
    of_all = True

    def ways(self, case: Case) -> Iterator[Way]:
        for operand in case.operands if size_of(case.shape) > 1 else ():
            for axis, _ in axes(operand):
                words = f"every number uses the first {line_of(operand, axis)} of {operand.name}"
                yield words, moved(case, operand, axis, lambda i: 0)


@misconception("sliding-reference", KNOWS_THE_FORMULA)
class SlidingReference(Misconception):
    of_all = True

    def ways(self, case: Case) -> Iterator[Way]:
        if case.op in ("ArgMax", "ArgMin"):
            yield "the places are counted from 1; the first is 0", case.whole(lambda tree: Binary("+", tree, ONE))
        for operand in case.operands:
            for axis, _ in axes(operand):
                for by, where in ((1, "after"), (-1, "before")):
                    words = f"every number uses the {line_of(operand, axis)} of {operand.name} {where} its own"
                    yield words, moved(case, operand, axis, lambda i, by=by: i + by)  # type: ignore[misc]


def axes(operand: Operand) -> Iterator[Tuple[int, int]]:
    """The axes along which there is more than one place, and how many there are."""
    shape = operand.shape
    yield from ((axis, n) for axis, n in enumerate(shape) if n > 1)
    if len([n for n in shape[:-1] if n > 1]) > 1:
        yield ROWS, size_of(shape[:-1])


def moved(case: Case, operand: Operand, axis: int, to: Callable[[int], int]) -> Cell:
    """The step with the numbers of an operand from another place along an axis; beyond its end are empty cells: 0."""

    def read(one: Operand, i: Index) -> Tree:
        if one.key != operand.key:
            return one.cell(i)
        if axis == ROWS:
            rows = one.shape[:-1]
            row = to(one.block.position(i) // one.shape[-1])
            return one.cell((*unravel(row, rows), i[-1])) if 0 <= row < size_of(rows) else ZERO
        at = to(i[axis])
        return one.cell((*i[:axis], at, *i[axis + 1 :])) if 0 <= at < one.shape[axis] else ZERO

    return case.reading(read)


def line_of(operand: Operand, axis: int) -> str:
    """What stands at one place of an axis."""
    last = len(operand.shape) - 1
    if axis in (ROWS, last - 1):
        return "row"
    return "slice" if axis < last else "column" if last else "number"
