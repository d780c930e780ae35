"""Exponentials that were not divided, no exponential at all, softmax over the wrong axis."""

from __future__ import annotations

from functools import partial
from typing import Iterator, List, Tuple

from ...formulas.syntax import Binary, Call, Tree
from ...graph.items import Node
from ...graph.keys import Inner, Value
from ...layout import Index, indices
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .edited import edited
from .operand import Operand
from .trees import ONE, divided, total

SOFTMAX = ("Softmax", "LogSoftmax", "CrossEntropy", "Attention")


@misconception("not-normalised", KNOWS_THE_OPERATION)
class NotNormalised(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from shares_of_another_total(case)
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
        if case.op == "Softmax" and len(exp.shape) > 1:
            yield "divided by the sum of all exponentials, not of its own line", partial(shares_of_all, x)
        for other in range(len(exp.shape)):
            if other != axis:
                yield "the softmax is taken along the other axis", partial(shares, exp, other)
                if case.op == "Softmax":
                    yield "the softmax is taken along the other axis", partial(shares_of_exp, x, other)


def shares_of_all(x: Operand, i: Index) -> Tree:
    every: List[Tree] = [Call("EXP", (x.cell(other),)) for other in indices(x.shape)]
    return Binary("/", Call("EXP", (x.cell(i),)), total(every))


def shares_of_another_total(case: Case) -> Iterator[Way]:
    """Numbers over their largest, or over how many there are, where they belong over their sum; or one over each."""
    node = case.node
    if node is None or case.op != "Div" or case.k is not None:
        return
    x, whole = (case.operand(Value(item)) for item in node.inputs)
    of = whole.key.item if isinstance(whole.key, Value) else None
    if not isinstance(of, Node) or of.op != "Sum":
        return
    parts = case.operand(Value(of.inputs[0]))

    def line(i: Index) -> List[Tree]:
        axes = {axis % len(parts.shape) for axis in of.params["dim"] or range(len(parts.shape))}
        every = (at for at in indices(parts.shape) if all(a in axes or at[a] == i[a] for a in range(len(at))))
        return [parts.cell(at) for at in every]

    words = f"divided by how many numbers {parts.name} has, not by their sum"
    yield words, lambda i: divided(len(line(i)), x.cell(i))
    if parts.key == x.key:
        words = f"divided by the largest of {x.name}, not by its sum"
        yield words, lambda i: Binary("/", x.cell(i), Call("MAX", tuple(line(i))))
        yield "one over each number stands where its share belongs", lambda i: Binary("/", ONE, x.cell(i))


def without_exp(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    if isinstance(tree, Call) and tree.name == "EXP":
        yield "no exponential is taken", tree.arguments[0]


def shares(x: Operand, axis: int, i: Index) -> Tree:
    return Binary("/", x.cell(i), total(x.line(i, axis)))


def shares_of_exp(x: Operand, axis: int, i: Index) -> Tree:
    return Binary("/", Call("EXP", (x.cell(i),)), total([Call("EXP", (one,)) for one in x.line(i, axis)]))
