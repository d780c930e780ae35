"""The numbers of another block, or the gradient for the value."""

from __future__ import annotations

from typing import Iterator, Tuple

from .bank import Misconception, misconception
from .case import Case, Cell
from .references import operands, put


@misconception("other-block")
class OtherBlock(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for key in case.others(case.step.shape):
            view = case.work.view(key)
            yield f"these are the numbers of {case.name(key)}", lambda i, view=view: view[i]
        yield from self.in_the_formula(case)

    @staticmethod
    def in_the_formula(case: Case) -> Iterator[Tuple[str, Cell]]:
        """Another block of the same shape where one of the operands belongs."""
        for n, name, view in operands(case):
            for key in case.others(view.shape):
                other = case.work.view(key)
                if other.block == view.block:
                    continue
                cell = case.again(lambda scope, n=n, other=other: put(scope, n, other))
                if cell is not None:
                    yield f"{case.name(key)} in place of {name}", cell
