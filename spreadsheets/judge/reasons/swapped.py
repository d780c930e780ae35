"""Two neighbours, two operands, or rows and columns exchanged."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import Iterator

from ...layout import Index
from .bank import Misconception, Way, misconception
from .case import Case, Operand, is_number


@misconception("swapped")
class Swapped(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for a, b in combinations([operand for operand in case.operands if not is_number(operand)], 2):
            if a.shape == b.shape:
                yield f"{a.name} and {b.name} stand in each other's place", case.instead((a.key, b.key), (b.key, a.key))
        shape = case.shape
        if len(shape) > 1 and shape[-1] == shape[-2]:
            yield "rows and columns are exchanged", lambda i: case.tree((*i[:-2], i[-1], i[-2]))
        for axis, size in enumerate(shape):
            for first, second in combinations(range(size), 2):
                what = "two neighbours" if second == first + 1 else "two numbers"
                yield (
                    f"{what} stand in each other's place",
                    case.elsewhere(partial(exchanged, axis, first, second)),
                )


def exchanged(axis: int, first: int, second: int, index: Index) -> Index:
    """The index with two positions along an axis exchanged."""
    to = {first: second, second: first}
    return (*index[:axis], to.get(index[axis], index[axis]), *index[axis + 1 :])


__all__ = ["Operand", "Swapped", "exchanged"]
