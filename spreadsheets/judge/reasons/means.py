"""A sum where a mean belongs, and the reverse."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Set, Tuple

from ...formulas.syntax import Constant, Tree, references
from ...layout import size_of
from .bank import Misconception, Way, misconception
from .case import Case
from .edited import edited
from .trees import divided, factors_of, product, sum_inside


@misconception("sum-for-mean")
class SumForMean(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, not_divided)

    def at_once(self, case: Case) -> Iterator[Way]:
        yield from edited(case, not_divided, depth=1)


def not_divided(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        if divides and isinstance(factor, Constant):
            words = f"dividing by {factor.value:g} is missing: a sum stands where a mean belongs"
            yield words, product(factors[:n] + factors[n + 1 :])


@misconception("mean-for-sum")
class MeanForSum(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for n in added_up(case):
            words = f"divided by {n}, which the rule does not do: a mean stands where a sum belongs"
            yield words, case.whole(partial(divided, float(n)))


def added_up(case: Case) -> Iterator[int]:
    """How many numbers of one kind the step adds up."""
    node = case.node
    if node is not None and case.op == "Sum" and case.k is not None:
        yield size_of(node.inputs[0].shape) // size_of(node.shape)
    terms, _ = sum_inside(case.tree(case.wrong[0].index)) if case.wrong else ([], None)
    kinds: Set[Tuple[object, ...]] = {
        tuple(case.read(reference)[0].key for reference in references(term)) for _, term in terms
    }
    if len(terms) > 1 and len(kinds) == 1:
        yield len(terms)
