"""Matrices multiplied element by element where their product belongs, and the reverse; one of them not used at all."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ...formulas.syntax import Binary, Tree, references
from ...layout import Index
from .bank import Way
from .case import Case, Cell
from .operand import Operand
from .transposed import is_product, is_square, turned
from .trees import divided, factors_of, product, sum_inside, sum_of, total

ELEMENTWISE = ("Mul", "Add", "Sub")
MOST = 100  # products that are added up for one number


def matrices(case: Case) -> Iterator[Way]:
    if not case.wrong:
        return
    if case.op not in ELEMENTWISE:
        if is_product(case):
            yield from by_elements(case)
            yield from only_one(case, 0)
    elif len(case.operands) == 2:
        a, b = case.operands
        if is_square(a) and a.shape == b.shape == case.shape and len(a.shape) == 2:
            for first, second in ((a, b), (b, a)):
                words = f"the matrix product of {first.name} and {second.name} stands where the rule goes by elements"
                yield words, partial(row_by_column, first, second)


def mean_of(sums: Cell, count: int, i: Index) -> Tree:
    return divided(float(count), sums(i))  # type: ignore[arg-type]


def row_by_column(a: Operand, b: Operand, i: Index) -> Tree:
    return total([Binary("*", a.cell((i[0], k)), b.cell((k, i[1]))) for k in range(a.shape[1])])


def by_elements(case: Case) -> Iterator[Way]:
    """Element by element, with the bias if there is one; one of them turned, if that is how it is read."""
    pair = [one for one in case.operands if one.shape == case.shape]
    if len(pair) != 2:
        return
    a, b = pair
    bias = [one for one in case.operands if one not in pair and one.shape == case.shape[-1:]]
    for turn in (lambda i: i, turned) if is_square(b) else (lambda i: i,):
        for operator, done in (("*", "multiplied"), ("+", "added")):

            def cell(i: Index, turn=turn, operator=operator) -> Tree:  # type: ignore[no-untyped-def]
                both = Binary(operator, a.cell(i), b.cell(turn(i)))
                return total([both, *(one.cell(i[-1:]) for one in bias)])

            yield f"{a.name} and {b.name} are {done} element by element, where a product of matrices belongs", cell


def only_one(case: Case, depth: int) -> Iterator[Way]:
    """Of every product one factor alone: the numbers of a row added up, or their mean."""
    first = sum_inside(case.opened(case.wrong[0].index, depth))[0] if case.wrong else []
    if not 2 <= len(first) <= MOST:
        return
    pairs = [factors_of(term) for _, term in first]
    for n in (0, 1) if all(len(pair) == 2 for pair in pairs) else ():

        def sums(index: Index, n: int = n) -> Tree:
            terms, around = sum_inside(case.opened(index, depth))
            return around(sum_of([(sign, product(factors_of(term)[n : n + 1])) for sign, term in terms]))

        read = list(references(pairs[0][n][1]))
        if len(read) != 1:
            continue
        kept = case.read(read[0])[0].name
        yield f"the numbers of {kept} are only added up; each belongs times a number of the other", sums
        words = f"the mean of the numbers of {kept} is taken; each belongs times a number of the other"
        yield words, partial(mean_of, sums, len(first))
