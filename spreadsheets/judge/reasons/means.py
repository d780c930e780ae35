"""A sum where a mean belongs, and the reverse."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from ...formulas.syntax import Binary, Constant
from ...graph.keys import Gradient
from ...layout import size_of
from .bank import Misconception, Way, misconception
from .case import Case, is_number
from .trees import scaled


@misconception("sum-for-mean")
class SumForMean(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for n, what in averaged(case):
            yield f"the mean over {what} is a sum: dividing by {n} is missing", lambda i, n=n: scaled(n, case.tree(i))


@misconception("mean-for-sum")
class MeanForSum(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for n, what in averaged(case):
            yield (
                f"the sum over {what} is a mean: divided by {n}, which the rule does not do",
                lambda i, n=n: Binary("/", case.tree(i), Constant(float(n))),
            )


def averaged(case: Case) -> Iterator[Tuple[int, str]]:
    """Over how many numbers a step may add up or take a mean, and of what."""
    found: Dict[int, str] = {}
    node = case.node
    operands = [operand for operand in case.operands if not is_number(operand)]
    if node is not None and Gradient(node) in case.work.blocks and case.is_gradient:
        operands.append(case.operand(Gradient(node)))
    for operand in operands:
        if operand.shape == case.shape and not case.is_gradient:
            continue
        found.setdefault(size_of(operand.shape), f"all numbers of {operand.name}")
        for axis, n in enumerate(operand.shape):
            rows = "rows" if axis == len(operand.shape) - 2 else "columns" if len(operand.shape) > 1 else "numbers"
            found.setdefault(n, f"the {n} {rows} of {operand.name}")
    if case.is_gradient:
        for item in node.inputs if node is not None else ():
            found.setdefault(size_of(item.shape), f"all numbers of {item.name}")
    yield from ((n, what) for n, what in found.items() if n > 1)
