"""Exponentials that were not divided, no exponential at all, softmax over the wrong axis."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Tree
from ...graph.keys import Inner, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Operand
from .edited import edited
from .trees import total

SOFTMAX = ("Softmax", "LogSoftmax", "CrossEntropy", "Attention")


@misconception("not-normalised", KNOWS_THE_OPERATION)
class NotNormalised(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.op not in SOFTMAX or case.k is not None:
            return
        if case.inner == "exp":
            yield from edited(case, without_exp)
        if case.inner != "P" and (case.op != "Softmax" or case.inner):
            return
        exp = case.operand(Inner(Value(node), "exp"))
        yield "the exponentials are not divided by their sum", exp.cell
        axis = int(node.params.get("dim", -1)) % len(exp.shape)
        x = case.operand(Value(node.inputs[0]))
        if case.op == "Softmax":
            yield f"no exponential is taken: {x.name} over its sum", partial(shares, x, axis)
        for other in range(len(exp.shape)):
            if other != axis:
                yield "the softmax is taken along the other axis", partial(shares, exp, other)
                if case.op == "Softmax":
                    yield "the softmax is taken along the other axis", partial(shares_of_exp, x, other)


def without_exp(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    if isinstance(tree, Call) and tree.name == "EXP":
        yield "no exponential is taken", tree.arguments[0]


def shares(x: Operand, axis: int, i: Index) -> Tree:
    return Binary("/", x.cell(i), total(x.line(i, axis)))


def shares_of_exp(x: Operand, axis: int, i: Index) -> Tree:
    return Binary("/", Call("EXP", (x.cell(i),)), total([Call("EXP", (one,)) for one in x.line(i, axis)]))
