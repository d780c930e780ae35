"""One example's or one path's part where several add up."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Tree
from ...graph.keys import Gradient
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import joined, terms_of


@misconception("not-summed", KNOWS_THE_OPERATION)
class NotSummed(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        if case.is_update or not case.is_gradient and "Σ" not in case.step.rule:
            return
        longest = max((len(terms_of(case.tree(one.index))) for one in case.wrong), default=0)
        if longest < 2:
            return
        what = "only one of the paths back" if isinstance(case.key, Gradient) else "only one of the parts that add up"
        for n in range(longest):
            yield f"{what}: {case.step.rule} is a sum", lambda i, n=n: part(case.tree(i), n)
        for n in range(longest if longest > 2 else 0):
            yield (
                f"one of the parts that add up in {case.step.rule} is missing",
                lambda i, n=n: all_but(case.tree(i), n),
            )


def part(tree: Tree, n: int) -> Tree:
    return joined(terms_of(tree)[n : n + 1])


def all_but(tree: Tree, n: int) -> Tree:
    return joined([term for m, term in enumerate(terms_of(tree)) if m != n])
