"""Exponentials that were not divided, no exponential at all, softmax over the wrong axis."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import View
from ...graph.keys import Inner, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell

SOFTMAX = ("Softmax", "LogSoftmax", "CrossEntropy", "Attention")


@misconception("not-normalised", KNOWS_THE_OPERATION)
class NotNormalised(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.op not in SOFTMAX or case.k is not None:
            return
        kept = {
            inner: key
            for key in case.work.blocks
            if isinstance(key, Inner) and key.of.item is node
            for inner in [key.name]
        }
        if case.inner == "exp":
            yield "no exponential was taken", lambda i: case.tree(i).arguments[0]  # type: ignore[union-attr]
            x = case.work.view(Value(node.inputs[0]))
            if x.shape == case.step.shape:
                yield "no exponential was taken: the numbers themselves", lambda i: x[i]
        if case.inner == "P" or case.op == "Softmax" and not case.inner:
            exp = case.work.view(kept["exp"])
            yield "the exponentials were not divided by their sum", lambda i: exp[i]
        if case.op == "Softmax" and not case.inner:
            yield from self.plain_shares(case)
        if case.inner == "sum":
            exp = case.work.view(kept["exp"])
            every = "+".join(exp[i] for i, _, _ in exp.block.cells())
            yield "the sum over all rows in place of each", lambda i: every

    @staticmethod
    def plain_shares(case: Case) -> Iterator[Tuple[str, Cell]]:
        """x over the sum of x, and the exponentials over the sums along another axis."""
        node = case.node
        assert node is not None
        x = case.work.view(Value(node.inputs[0]))
        axis = int(node.params["dim"]) % max(len(x.shape), 1)
        for a in range(len(x.shape)):
            if a == axis:
                yield "no exponential was taken: x over the sum of x", lambda i, a=a: f"{x[i]}/({along(x, i, a)})"
            else:
                yield "softmax over the wrong axis", lambda i, a=a: f"EXP({x[i]})/({along(x, i, a, 'EXP({})')})"


def along(x: View, i: Index, axis: int, term: str = "{}") -> str:
    """The sum of a line of a block."""
    return "+".join(term.format(x[(*i[:axis], n, *i[axis + 1 :])]) for n in range(x.shape[axis]))
