"""An operand's transpose used, or not where it is needed."""

from __future__ import annotations

from typing import Iterator

from ...formulas.syntax import references
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Cell
from .operand import Operand, is_number
from .trees import sum_inside


@misconception("transposed", KNOWS_THE_OPERATION)
class Transposed(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        if not is_product(case):
            return
        for operand in case.operands:
            if is_square(operand):
                yield f"rows and columns of {operand.name} are exchanged", turning(case, operand)
        if len(case.shape) > 1 and case.shape[-1] == case.shape[-2]:
            yield f"this is the transpose of {case.rule}", lambda i: case.tree(turned(i))


def is_product(case: Case) -> bool:
    """Whether the step is one of matrices: its numbers are sums of products of two blocks."""
    if case.op in ("MatMul", "Linear") and case.k is None and not case.inner:  # with a vector too
        return len(case.operands) > 1
    terms, _ = sum_inside(case.tree(case.wrong[0].index)) if case.wrong else ([], None)
    for _, term in terms:
        blocks = {one.key for one, _ in map(case.read, references(term)) if len(one.shape) > 1 and not is_number(one)}
        if len(blocks) > 1:
            return True
    return False


def turning(case: Case, *operands: Operand) -> Cell:
    """The step with some of its operands transposed."""
    keys = [operand.key for operand in operands]
    return case.reading(lambda one, i: one.cell(turned(i) if one.key in keys else i))


def turned(index: Index) -> Index:
    return (*index[:-2], index[-1], index[-2])


def is_square(operand: Operand) -> bool:
    shape = operand.shape
    return len(shape) > 1 and shape[-1] == shape[-2] > 1
