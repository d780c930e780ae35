"""n − 1 where n belongs: the variance of a sample for that of all numbers."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Constant
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("sample-variance", KNOWS_THE_OPERATION)
class SampleVariance(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        if case.op not in ("LayerNorm", "BatchNorm"):
            return
        x = case.node.inputs[0]  # type: ignore[union-attr]
        n = x.shape[-1] if case.op == "LayerNorm" else x.shape[0]
        if n < 2:
            return
        words = f"divided by {n - 1} in place of {n}: the variance of a sample"
        if case.inner == "var":
            yield words, lambda i: Binary("*", Constant(n / (n - 1)), case.tree(i))
        elif case.inner == "r":
            eps = f"{float(case.node.params['eps'])!r}"  # type: ignore[union-attr]
            yield words, lambda i: f"1/SQRT((1/(({text_of(case, i)})^2)-{eps})*{n}/{n - 1}+{eps})"


def text_of(case: Case, index: Index) -> str:
    return case.step.formula(index)
