"""Another neuron's or column's number, the first one's for all, or one place too far."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import Scope, View
from ...graph.keys import Gradient, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell

Operand = Tuple[int, str, View]  # its place among the operands, -1 for the gradient that arrives; its name; its block


@misconception("stuck-reference", KNOWS_THE_OPERATION)
class StuckReference(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, name, view in operands(case):
            for axis, size in enumerate(view.shape):
                if size > 1:
                    moved = case.moved(view, axis, lambda i: 0)
                    cell = case.again(lambda scope, n=n, moved=moved: put(scope, n, moved))
                    if cell is not None:
                        yield f"every number uses the first of {name}", cell


@misconception("sliding-reference", KNOWS_THE_OPERATION)
class SlidingReference(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, name, view in operands(case):
            for axis, size in enumerate(view.shape):
                for by in (1, -1):
                    if size > 1:
                        moved = slid(case, view, axis, by)
                        cell = case.again(lambda scope, n=n, moved=moved: put(scope, n, moved))
                        if cell is not None:
                            yield f"the numbers of {name} are taken from one place too far", cell


@misconception("wrong-neuron", KNOWS_THE_OPERATION)
class WrongNeuron(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for n, name, view in operands(case):
            for axis, size in enumerate(view.shape):
                for moved in list(others(case, view, axis, size)):
                    cell = case.again(lambda scope, n=n, moved=moved: put(scope, n, moved))
                    if cell is not None:
                        yield f"{name} is taken from another place: another neuron's, column's or example's", cell


def others(case: Case, view: View, axis: int, size: int) -> Iterator[View]:
    """The block with its numbers along an axis in another order."""
    for by in range(1, size):
        yield case.moved(view, axis, lambda i, by=by: (i + by) % size)
    for at in range(1, size):
        yield case.moved(view, axis, lambda i, at=at: at)
    for first in range(size if size > 2 else 0):
        for second in range(first + 1, size):
            to = {first: second, second: first}
            yield case.moved(view, axis, lambda i, to=to: to.get(i, i))


def slid(case: Case, view: View, axis: int, by: int) -> View:
    """Every number from the place after its own; beyond the end there is nothing, which counts as 0."""

    def cell(i: Index) -> str:
        at = i[axis] + by
        return view[(*i[:axis], at, *i[axis + 1 :])] if 0 <= at < view.shape[axis] else "0"

    return case.virtual(view.shape, cell)


def operands(case: Case) -> Iterator[Operand]:
    """What the operation of a step reads."""
    node = case.node
    if node is None:
        return
    for n, item in enumerate(node.inputs):
        yield n, item.name, case.work.view(Value(item))
    if case.k is not None and Gradient(node) in case.work.blocks:
        yield -1, case.work.subject.slope(node), case.work.view(Gradient(node))


def put(scope: Scope, n: int, view: View) -> None:
    if n < 0:
        scope.dy = view
    else:
        scope.x = (*scope.x[:n], view, *scope.x[n + 1 :])
