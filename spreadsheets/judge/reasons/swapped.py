"""Two neighbours, two operands, or rows and columns exchanged."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import Scope
from ...layout import Index
from .bank import Misconception, misconception
from .case import Case, Cell


@misconception("swapped")
class Swapped(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        if len(case.operand_names()) > 1 and case.inner == "":
            a, b = case.operand_names()[:2]
            cell = case.again(exchange)
            if cell is not None:
                yield f"{a} and {b} were exchanged", cell
        shape = case.step.shape
        if len(shape) > 1 and shape[-1] == shape[-2]:
            yield "rows and columns were exchanged", lambda i: case.tree((*i[:-2], i[-1], i[-2]))
        for axis in range(len(shape)):
            for first in range(shape[axis]):
                for second in range(first + 1, shape[axis]):
                    what = "two neighbours" if second == first + 1 else "two numbers"
                    yield (
                        f"{what} were exchanged",
                        lambda i, a=axis, x=first, y=second: case.tree(exchanged(i, a, x, y)),
                    )


def exchange(scope: Scope) -> None:
    a, b, *rest = scope.x
    scope.x = (b, a, *rest)


def exchanged(index: Index, axis: int, first: int, second: int) -> Index:
    """The index with two positions along an axis exchanged."""
    to = {first: second, second: first}
    return (*index[:axis], to.get(index[axis], index[axis]), *index[axis + 1 :])
