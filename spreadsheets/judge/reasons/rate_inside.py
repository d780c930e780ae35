"""The learning rate inside a delta or gradient, used again later."""

from __future__ import annotations

from typing import Iterator

from ...formulas.syntax import Binary
from ...graph.keys import Gradient
from ...graph.step import Update
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case


@misconception("rate-inside", KNOWS_THE_OPERATION)
class RateInside(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        option = case.option("lr")
        if option is None:
            return
        lr = option.cell(())
        if case.is_gradient:
            yield (
                "lr is inside of the gradient; it belongs into the step alone",
                lambda i: Binary("*", lr, case.tree(i)),
            )
        if isinstance(case.step.of, Update):
            gradient = case.operand(Gradient(case.step.of.parameter))
            yield (
                f"{gradient.name} is multiplied by lr here already",
                case.reading(lambda one, i: Binary("*", lr, one.cell(i)) if one == gradient else one.cell(i)),
            )
