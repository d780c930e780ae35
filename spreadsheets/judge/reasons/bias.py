"""Without the bias, or with another layer's."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...graph.items import Leaf
from ...graph.keys import Value
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .references import put


@misconception("missing-bias", KNOWS_THE_OPERATION)
class MissingBias(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, bias in biases(case):
            cell = case.again(lambda scope, n=n: put(scope, n, case.virtual(scope.x[n].shape, lambda i: "0")))
            if cell is not None:
                yield f"without the bias {bias.name}", cell


@misconception("other-bias", KNOWS_THE_OPERATION)
class OtherBias(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, bias in biases(case):
            for leaf in case.leaves():
                if leaf is not bias and leaf.shape == bias.shape:
                    view = case.work.view(Value(leaf))
                    cell = case.again(lambda scope, n=n, view=view: put(scope, n, view))
                    if cell is not None:
                        yield f"{leaf.name} in place of the bias {bias.name}", cell


def biases(case: Case) -> Iterator[Tuple[int, Leaf]]:
    """The operand that is added to a layer, and its place."""
    node = case.node
    if node is None or case.k is not None or case.inner:
        return
    places = {"Linear": (2,), "Add": (0, 1), "LayerNorm": (2,), "BatchNorm": (2,)}.get(node.op, ())
    for n in places:
        if n < len(node.inputs):
            item = node.inputs[n]
            if isinstance(item, Leaf) and (len(item.shape) < len(node.shape) or item.requires_grad):
                yield n, item
