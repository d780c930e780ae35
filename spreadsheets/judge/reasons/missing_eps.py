"""Without eps, or eps outside of the root where the rule has it inside, and the reverse."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from ...formulas.syntax import Binary, Call, Constant, Tree
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import replaced


@misconception("missing-eps", KNOWS_THE_OPERATION)
class MissingEps(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        if case.op in ("LayerNorm", "BatchNorm") and case.inner == "r":
            node = case.node
            assert node is not None
            eps = float(node.params["eps"])
            yield "without eps", lambda i: f"1/SQRT(1/(({case.step.formula(i)})^2)-{eps!r})"
            yield "eps outside of the root", lambda i: f"1/(SQRT(1/(({case.step.formula(i)})^2)-{eps!r})+{eps!r})"
        eps_of_step = case.option("eps")
        if case.is_update and eps_of_step:
            yield "without eps", lambda i: replaced(case.tree(i), lambda part: outside(part, None))
            yield "eps inside of the root", lambda i: replaced(case.tree(i), lambda part: outside(part, eps_of_step))


def outside(part: Tree, inside: Optional[float]) -> Tree:
    """√v + eps without eps, or with it under the root."""
    if isinstance(part, Binary) and part.operator == "+" and isinstance(part.left, Call) and part.left.name == "SQRT":
        root = part.left.arguments[0]
        return Call("SQRT", (root if inside is None else Binary("+", root, Constant(inside)),))
    return part
