"""The learning rate inside a delta or gradient, used again later."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Constant, Tree
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import joined, terms_of


@misconception("rate-inside", KNOWS_THE_OPERATION)
class RateInside(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        rate = case.option("lr")
        if not rate:
            return
        if case.is_gradient:
            yield (
                "the learning rate is inside of the gradient; it belongs into the step alone",
                lambda i: times(rate, case.tree(i)),
            )
        if case.is_update:
            yield (
                "the learning rate counts twice: it was inside of the gradient already",
                lambda i: twice(case, rate, i),
            )


def times(rate: float, tree: Tree) -> Tree:
    return Binary("*", Constant(rate), tree)


def twice(case: Case, rate: float, index: Index) -> Tree:
    """Every term but the first, which is the parameter, times the rate."""
    (sign, first), *rest = terms_of(case.tree(index))
    return joined([(sign, first), *((s, times(rate, term)) for s, term in rest)])
