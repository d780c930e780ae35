"""The weight after the step where the one before belongs."""

from __future__ import annotations

from typing import Callable, Iterator, Tuple

from ...graph.items import Item
from ...graph.items import numbers as numbers_of
from ...graph.keys import Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .references import put


@misconception("updated-weight", KNOWS_THE_OPERATION)
class UpdatedWeight(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        step, node = case.work.subject.graph.step, case.node
        if step is None or node is None or case.k is None:
            return
        for update in step.updates:
            line = update.lines.get("p")
            if line is None or update.parameter not in node.inputs:
                continue
            new = self.new_weight(case, line)
            for n, item in enumerate(node.inputs):
                if item is update.parameter:
                    cell = case.again(
                        lambda scope, n=n: put(scope, n, case.virtual(scope.x[n].shape, lambda i: new(i)))
                    )
                    if cell is not None:
                        yield f"the updated {item.name} in place of the one before the step", cell

    @staticmethod
    def new_weight(case: Case, line: Item) -> Callable[[Index], str]:
        """The parameter after the step: what was typed for it, or its true number."""
        if case.is_typed(Value(line)):
            view = case.work.view(Value(line))
            return lambda i: view[i]
        numbers = numbers_of(case.work.subject.run.values[line])
        block = case.work.blocks[Value(line)]
        return lambda i: repr(float(numbers[block.position(i)]))
