"""Two neighbours, two operands, or rows and columns exchanged; numbers arranged column by column."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import Callable, Iterator, List, Tuple

from ...formulas.syntax import Reference, Tree
from ...layout import Index, Shape, indices, size_of
from .bank import Misconception, Way, misconception
from .case import Case, Cell
from .edited import edited
from .operand import Operand, is_number
from .trees import factors_of, product

Order = Callable[[Shape], List[Index]]


@misconception("swapped")
class Swapped(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from arranged(case)
        for a, b in combinations([operand for operand in case.operands if not is_number(operand)], 2):
            if a.shape == b.shape:
                yield f"{a.name} and {b.name} stand in each other's place", case.instead((a.key, b.key), (b.key, a.key))
        yield from edited(case, upside_down)
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


def upside_down(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    factors = factors_of(tree)
    if len(factors) > 1 and any(divides for divides, _ in factors):
        above = [factor for divides, factor in factors if not divides]
        yield "the quotient stands upside down", product([(factor in above, factor) for _, factor in factors])


def arranged(case: Case) -> Iterator[Way]:
    """Numbers that are only arranged anew: read or written column by column, or not turned at all."""
    if case.op not in ("Reshape", "Transpose", "Slice") or case.inner:
        return
    first = case.tree(case.wrong[0].index)
    if not isinstance(first, Reference):
        return
    x, _ = case.read(first)

    def ordered(read: Order, written: Order) -> Cell:
        source = dict(zip(written(case.shape), read(x.shape)))
        return lambda i: x.cell(source[i])

    if case.op == "Slice":
        yield from cut_out(case, x) if case.k is None else ()
        return
    if case.op == "Transpose":
        yield f"the numbers of {x.name} are written row by row, where its rows become columns", ordered(rows, rows)
        return
    from_matrix, to_matrix = len(x.shape) > 1, len(case.shape) > 1  # a vector has one order
    if from_matrix and to_matrix:
        yield f"{x.name} is read and written column by column", ordered(columns, columns)
    if from_matrix:
        yield f"{x.name} is read column by column", ordered(columns, rows)
    if to_matrix:
        yield f"the numbers of {x.name} are written column by column", ordered(rows, columns)


def cut_out(case: Case, x: Operand) -> Iterator[Way]:
    """A part of a matrix, as if its numbers stood in one line: so many of them one after the other."""
    count = size_of(case.shape)
    for words, order in (("row by row", rows), ("column by column", columns)):
        source, written = order(x.shape), rows(case.shape)
        for start in range(0, len(source) - count + 1, count):
            places = dict(zip(written, source[start : start + count]))
            words_here = (
                f"{count} numbers of {x.name} one after the other, read {words}, stand where a part of it belongs"
            )
            yield words_here, lambda i, places=places: x.cell(places[i])  # type: ignore[misc]


def rows(shape: Shape) -> List[Index]:
    """The places of a shape, row by row."""
    return list(indices(shape))


def columns(shape: Shape) -> List[Index]:
    """The places of a shape, column by column: the first index changes fastest."""
    return [index[::-1] for index in indices(shape[::-1])]


def exchanged(axis: int, first: int, second: int, index: Index) -> Index:
    """The index with two positions along an axis exchanged."""
    to = {first: second, second: first}
    return (*index[:axis], to.get(index[axis], index[axis]), *index[axis + 1 :])


__all__ = ["Operand", "Swapped", "exchanged"]
