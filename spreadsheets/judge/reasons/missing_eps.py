"""Without eps, or eps outside of the root where the rule has it inside, and the reverse."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Reference, Tree
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .edited import edited


@misconception("missing-eps", KNOWS_THE_OPERATION)
class MissingEps(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, lambda tree: eps_moved(case, tree))


def eps_moved(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    if isinstance(tree, Call) and tree.name == "SQRT" and is_with_eps(case, tree.arguments[0]):
        v, eps = tree.arguments[0].left, tree.arguments[0].right  # type: ignore[union-attr]
        yield "eps stands outside of the root", Binary("+", Call("SQRT", (v,)), eps)
    if is_with_eps(case, tree):
        rest, eps = tree.left, tree.right  # type: ignore[union-attr]
        yield "eps is missing", rest
        if isinstance(rest, Call) and rest.name == "SQRT":
            yield "eps stands inside of the root", Call("SQRT", (Binary("+", rest.arguments[0], eps),))


def is_with_eps(case: Case, tree: Tree) -> bool:
    """Whether this is something + eps."""
    if not (isinstance(tree, Binary) and tree.operator == "+" and isinstance(tree.right, Reference)):
        return False
    return case.read(tree.right)[0].name.partition(" ")[0] == "eps"
