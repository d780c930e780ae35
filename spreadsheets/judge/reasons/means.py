"""A sum where a mean belongs, and the reverse."""

from __future__ import annotations

from typing import Iterator, Set, Tuple

from ...formulas.syntax import Binary, Constant
from ...layout import size_of
from .bank import Misconception, misconception
from .case import Case, Cell


@misconception("sum-for-mean")
class SumForMean(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, what in numbers_of(case):
            yield (
                f"the sum in place of the mean over {what}",
                lambda i, n=n: Binary("*", Constant(float(n)), case.tree(i)),
            )


@misconception("mean-for-sum")
class MeanForSum(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, what in numbers_of(case):
            yield (
                f"the mean in place of the sum over {what}",
                lambda i, n=n: Binary("/", case.tree(i), Constant(float(n))),
            )


def numbers_of(case: Case) -> Iterator[Tuple[int, str]]:
    """Over how many numbers a step may add up or take a mean, and of what."""
    seen: Set[int] = set()
    for item in case.node.inputs if case.node is not None else ():
        if size_of(item.shape) > size_of(case.step.shape) or case.is_gradient:
            every = [(size_of(item.shape), f"all numbers of {item.name}")]
            every += [(n, f"the {n} examples" if axis == 0 else f"{n} numbers") for axis, n in enumerate(item.shape)]
            for n, what in every:
                if n > 1 and n not in seen:
                    seen.add(n)
                    yield n, what
    for leaf in case.leaves():
        for axis, n in enumerate(leaf.shape[:1]):
            if n > 1 and n not in seen and case.is_gradient:
                seen.add(n)
                yield n, f"the {n} examples"
