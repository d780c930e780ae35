"""The derivative, weight or target of another neuron or column."""

from __future__ import annotations

from itertools import combinations
from typing import Callable, Iterator

from .bank import KNOWS_THE_FORMULA, Misconception, Way, misconception
from .case import Case
from .references import axes, line_of, moved
from .trees import MOST_ONE_BY_ONE


@misconception("wrong-neuron", KNOWS_THE_FORMULA)
class WrongNeuron(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for operand in case.operands:
            for axis, size in axes(operand):
                words = f"another {line_of(operand, axis)} of {operand.name} is used"
                for to in others(size) if size <= MOST_ONE_BY_ONE else ():
                    yield words, moved(case, operand, axis, to)


def others(size: int) -> Iterator[Callable[[int], int]]:
    """The places along an axis in another order, and one of them for all."""
    for by in range(1, size):
        yield lambda i, by=by: (i + by) % size  # type: ignore[misc]
    for at in range(1, size):
        yield lambda i, at=at: at  # type: ignore[misc]
    for first, second in combinations(range(size if size > 2 else 0), 2):
        to = {first: second, second: first}
        yield lambda i, to=to: to.get(i, i)  # type: ignore[misc]
