"""Another layer's input added."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...graph.keys import Value
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .references import put


@misconception("wrong-residual", KNOWS_THE_OPERATION)
class WrongResidual(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.op != "Add" or case.k is not None or node.inputs[0].shape != node.inputs[1].shape:
            return
        for n, item in enumerate(node.inputs):
            for key in case.others(item.shape):
                if isinstance(key, Value) and key.item not in node.inputs:
                    other = case.work.view(key)
                    cell = case.again(lambda scope, n=n, other=other: put(scope, n, other))
                    if cell is not None:
                        yield f"{key.item.name} was added in place of {item.name}", cell
