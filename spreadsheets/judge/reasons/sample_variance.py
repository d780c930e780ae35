"""n − 1 where n belongs: the variance of a sample for that of all numbers."""

from __future__ import annotations

from typing import Iterator

from ...graph.keys import Value
from ...layout import size_of
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .trees import scaled


@misconception("sample-variance", KNOWS_THE_OPERATION)
class SampleVariance(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.k is not None:
            return
        shape = case.operand(Value(node.inputs[0])).shape
        if case.op == "Mean":  # of squares, where one works the variance out step by step
            n = size_of(shape) // max(1, size_of(case.shape))
        elif case.op in ("LayerNorm", "BatchNorm") and case.inner == "var":
            n = shape[-1] if case.op == "LayerNorm" else shape[0]
        else:
            return
        if n > 1:
            words = f"divided by {n - 1} where {n} belongs: that is the variance of a sample"
            yield words, lambda i: scaled(n / (n - 1), case.tree(i))
