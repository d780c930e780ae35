"""Another layer's input added."""

from __future__ import annotations

from typing import Iterator

from ...graph.keys import Value
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case


@misconception("wrong-residual", KNOWS_THE_OPERATION)
class WrongResidual(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.op != "Add" or case.k is not None or not case.shape:
            return
        if node.inputs[0].shape != node.inputs[1].shape:
            return
        for item in node.inputs:
            for other in case.before(item.shape):
                if isinstance(other.key, Value) and other.key.item not in node.inputs:
                    yield f"{other.name} is added where {item.name} belongs", case.instead((Value(item), other.key))
