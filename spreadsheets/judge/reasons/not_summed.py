"""One example's or one path's part where several add up."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, Iterator, List, Tuple

from ...formulas.syntax import Tree, references
from ...graph.keys import Gradient, StepKey
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Cell
from .operand import NotHere
from .slopes import own_term
from .trees import MOST_ONE_BY_ONE, Terms, sum_inside, sum_of

Groups = Dict[Tuple[object, ...], Terms]  # the terms of a sum by what they have in common


@misconception("not-summed", KNOWS_THE_OPERATION)
class NotSummed(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        if not case.is_gradient:
            yield from forward(case)
            yield from own_term(case)
            return
        is_path = isinstance(case.key, Gradient)
        what = "path back" if is_path else "part"
        for grouping in groupings(case):
            names = list(grouping(case.wrong[0].index))
            for n in range(len(names) if len(names) > 1 else 0):
                yield f"only one {what} of {case.rule} is there; they add up", chosen(case, grouping, n, True)
            for n in range(len(names) if len(names) > 2 else 0):
                yield f"one {what} of {case.rule} is missing", chosen(case, grouping, n, False)


def forward(case: Case) -> Iterator[Way]:
    """Of a sum of products, or of numbers, on the way forward."""
    if case.op not in ("MatMul", "Linear", "Sum", "Add") or case.inner or not case.wrong:
        return
    products = case.op in ("MatMul", "Linear")

    def parts(index: Index) -> Groups:
        """The terms but for a bias, which is no product."""
        found = sum_inside(case.tree(index))[0]
        return {(n,): [term] for n, term in enumerate(found) if not products or len(list(references(term[1]))) > 1}

    count = len(parts(case.wrong[0].index))
    for n in range(count if 1 < count <= MOST_ONE_BY_ONE else 0):
        yield f"only one part of {case.rule} is there; they add up", chosen(case, parts, n, True)
    for n in range(count if 2 < count <= MOST_ONE_BY_ONE else 0):
        yield f"one part of {case.rule} is missing", chosen(case, parts, n, False)


Grouping = Callable[[Index], Groups]


def groupings(case: Case) -> Iterator[Grouping]:
    """The terms one by one; those that read the same block; those of the same example, row or column of a block."""
    yield lambda index: {(n,): [term] for n, term in enumerate(sum_inside(case.tree(index))[0])}
    yield partial(grouped, case, lambda key, i: (key,))
    for operand in case.operands:
        for axis in range(len(operand.shape)):
            yield partial(grouped, case, partial(along, operand.key, axis))


def along(block: StepKey, axis: int, key: StepKey, index: Index) -> Tuple[object, ...]:
    """Which example, row or column of one block a number is of."""
    return (index[axis],) if key == block else ()


def grouped(case: Case, name: Callable[[StepKey, Index], Tuple[object, ...]], index: Index) -> Groups:
    found: Groups = {}
    for term in sum_inside(case.tree(index))[0]:
        names: List[object] = []
        for reference in references(term[1]):
            operand, i = case.read(reference)
            names += name(operand.key, i)
        found.setdefault(tuple(names), []).append(term)
    return found


def chosen(case: Case, grouping: Grouping, n: int, alone: bool) -> Cell:
    """One group alone, or all without it."""

    def cell(index: Index) -> Tree:
        groups = list(grouping(index).values())
        if n >= len(groups):
            raise NotHere("fewer parts")
        terms = groups[n] if alone else [term for m, group in enumerate(groups) for term in group if m != n]
        return sum_inside(case.tree(index))[1](sum_of(terms))

    return cell
