"""The weight after the step where the one before belongs."""

from __future__ import annotations

from typing import Iterator

from ...graph.keys import Value
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case


@misconception("updated-weight", KNOWS_THE_OPERATION)
class UpdatedWeight(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        step = case.work.subject.graph.step
        for update in step.updates if step is not None and case.is_gradient else ():
            weight, line = Value(update.parameter), update.lines.get("p")
            if line is not None and Value(line) in case.work.blocks and case.has(weight):
                name = update.parameter.name
                yield (
                    f"{name} is the one after the step; the one before belongs here",
                    case.instead((weight, Value(line))),
                )
