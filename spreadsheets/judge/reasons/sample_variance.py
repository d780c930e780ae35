"""n − 1 where n belongs: the variance of a sample for that of all numbers."""

from __future__ import annotations

from typing import Iterator

from ...graph.keys import Value
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .trees import scaled


@misconception("sample-variance", KNOWS_THE_OPERATION)
class SampleVariance(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.op not in ("LayerNorm", "BatchNorm") or case.inner != "var":
            return
        shape = case.operand(Value(node.inputs[0])).shape
        n = shape[-1] if case.op == "LayerNorm" else shape[0]
        if n > 1:
            words = f"divided by {n - 1} where {n} belongs: that is the variance of a sample"
            yield words, lambda i: scaled(n / (n - 1), case.tree(i))
