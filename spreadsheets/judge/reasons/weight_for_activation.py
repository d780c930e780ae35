"""Multiplied by the weight in place of the activation, or the reverse."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ...formulas.syntax import Reference, Tree
from ...graph.keys import Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import Operand
from .transposed import turned
from .trees import replaced


@misconception("weight-for-activation", KNOWS_THE_OPERATION)
class WeightForActivation(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.k not in (0, 1) or case.op not in ("MatMul", "Linear", "Mul"):
            return
        mine, other = (case.operand(Value(node.inputs[k])) for k in (case.k, 1 - case.k))
        words = f"multiplied by {mine.name} where {other.name} belongs"
        yield words, case.reading(lambda one, i: mine.cell(i) if one.key == other.key else one.cell(i))
        yield words, case.reading(lambda one, i: mine.cell(turned(i)) if one.key == other.key else one.cell(i))
        if mine.shape == case.shape:
            yield words, partial(beside, case, mine, other)


def beside(case: Case, mine: Operand, other: Operand, index: Index) -> Tree:
    """The step with the weight itself, whose gradient it is, in place of the activation."""

    def part(tree: Tree) -> Tree:
        return mine.cell(index) if isinstance(tree, Reference) and case.read(tree)[0] == other else tree

    return replaced(case.open_tree(index), part)
