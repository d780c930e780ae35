"""n − 1 where n belongs: the variance of a sample for that of all numbers."""

from __future__ import annotations

from typing import Iterator

from ...graph.items import Node
from ...graph.keys import Value
from ...layout import size_of
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .trees import scaled


@misconception("sample-variance", KNOWS_THE_OPERATION)
class SampleVariance(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        n = number_of_squares(case)
        if n > 1:
            yield words_for(n), lambda i: scaled(n / (n - 1), case.tree(i))
        if node is None or case.op not in ("LayerNorm", "BatchNorm") or case.inner != "var":
            return
        shape = case.operand(Value(node.inputs[0])).shape
        n = shape[-1] if case.op == "LayerNorm" else shape[0]
        if n > 1:
            yield words_for(n), lambda i: scaled(n / (n - 1), case.tree(i))


def words_for(n: int) -> str:
    return f"divided by {n - 1} where {n} belongs: that is the variance of a sample"


def number_of_squares(case: Case) -> int:
    """How many squares a step takes the mean of; 0 for another step."""
    node = case.node
    if node is None or case.op != "Mean" or case.k is not None or case.inner or not isinstance(node.inputs[0], Node):
        return 0
    x = node.inputs[0]
    is_square = x.op == "Mul" and x.inputs[0] is x.inputs[1] or x.op == "Pow" and x.inputs[1].name == "2"
    return size_of(x.shape) // max(1, size_of(node.shape)) if is_square else 0
