"""The right operation along another axis."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import Scope
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("wrong-axis", KNOWS_THE_OPERATION)
class WrongAxis(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None:
            return
        rank = len(node.inputs[0].shape)
        if "dim" in node.params and rank > 1:
            for dim in range(rank):
                cell = case.again(lambda scope, dim=dim: along(scope, dim))
                if cell is not None:
                    yield f"along axis {dim}", cell
        if case.op in ("LayerNorm", "BatchNorm", "CrossEntropy", "Attention") and case.inner:
            yield from turned(case)


def along(scope: Scope, dim: int) -> None:
    old = scope.params["dim"]
    rank = len(scope.x[0].shape)
    now = tuple(d % rank for d in (old if isinstance(old, tuple) else (old,)))
    if now == (dim,) or len(now) != 1:
        raise ValueError("that is the axis")
    scope.params["dim"] = (dim,) if isinstance(old, tuple) else dim


def turned(case: Case) -> Iterator[Tuple[str, Cell]]:
    """Down the columns in place of along the rows: what the turned operand gives, read along the other axis."""
    node = case.node
    x = node.inputs[0].shape if node is not None else ()
    if len(x) == 2 and x[0] == x[1]:

        def turn(scope: Scope) -> None:
            scope.x = (case.turned(scope.x[0]), *scope.x[1:])

        cell = case.again(turn)
        if cell is not None:
            yield "down the columns in place of along the rows, or the reverse", cell
