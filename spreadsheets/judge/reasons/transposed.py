"""An operand's transpose used, or not where it is needed."""

from __future__ import annotations

from typing import Iterator

from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Cell, Operand

PRODUCTS = ("MatMul", "Linear", "Attention", "ElmanSteps", "LSTMSteps", "GRUSteps")


@misconception("transposed", KNOWS_THE_OPERATION)
class Transposed(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        if case.op not in PRODUCTS:
            return
        for operand in case.operands:
            if is_square(operand):
                yield f"rows and columns of {operand.name} are exchanged", turning(case, operand)
        if len(case.shape) > 1 and case.shape[-1] == case.shape[-2]:
            yield f"this is the transpose of {case.rule}", lambda i: case.tree(turned(i))


def turning(case: Case, *operands: Operand) -> Cell:
    """The step with some of its operands transposed."""
    keys = [operand.key for operand in operands]
    return case.reading(lambda one, i: one.cell(turned(i) if one.key in keys else i))


def turned(index: Index) -> Index:
    return (*index[:-2], index[-1], index[-2])


def is_square(operand: Operand) -> bool:
    shape = operand.shape
    return len(shape) > 1 and shape[-1] == shape[-2] > 1
