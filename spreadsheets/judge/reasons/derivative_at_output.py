"""The derivative taken at the output in place of the input, or twice."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import FORMULAS
from ...formulas.unary import Unary
from ...graph.keys import Gradient, Value
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("derivative-at-output", KNOWS_THE_OPERATION)
class DerivativeAtOutput(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.k is None or case.inner or len(node.inputs) != 1 or case.step.shape != node.shape:
            return
        formula = FORMULAS[node.op]
        if not isinstance(formula, Unary):
            return
        x, y, dy = (case.work.view(key) for key in (Value(node.inputs[0]), Value(node), Gradient(node)))
        again = case.virtual(node.shape, lambda i: formula.y(y[i], node.params))
        name, source = node.name, node.inputs[0].name
        yield (
            f"the derivative was taken at {name}, not at {source}",
            lambda i: formula.dx(dy[i], y[i], again[i], node.params),
        )
        yield (
            f"{source} stands where {name} belongs in the derivative",
            lambda i: formula.dx(dy[i], x[i], x[i], node.params),
        )
        once = case.virtual(node.shape, lambda i: formula.dx(dy[i], x[i], y[i], node.params))
        yield f"the derivative of {node.text} counts twice", lambda i: formula.dx(once[i], x[i], y[i], node.params)
