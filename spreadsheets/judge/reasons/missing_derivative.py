"""The activation's derivative or mask left out, or an inner derivative of the chain rule."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Tree
from ...graph.keys import Gradient
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import factors_of, product


@misconception("missing-derivative", KNOWS_THE_OPERATION)
class MissingDerivative(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.k is None or case.inner:
            return
        arriving = case.work.subject.slope(node)
        if case.step.shape == node.shape:
            dy = case.work.view(Gradient(node))
            yield f"{arriving} was handed on as it is, without the derivative of {node.text}", lambda i: dy[i]
        longest = max((len(factors_of(case.tree(one.index))) for one in case.wrong), default=0)
        for n in range(longest):
            yield f"one factor of {case.step.rule} is missing", lambda i, n=n: without(case.tree(i), n)
        yield f"an inner factor of {case.step.rule} is missing", lambda i: factors_of(case.tree(i))[-1][1]


def without(tree: Tree, n: int) -> Tree:
    return product([factor for m, factor in enumerate(factors_of(tree)) if m != n])
