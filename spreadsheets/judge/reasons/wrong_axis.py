"""The right operation along another axis."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, Iterator, List

from ...formulas.syntax import Binary, Call, Constant, Reference, Tree
from ...graph.items import Node
from ...graph.keys import Inner, Value
from ...layout import Index, indices, size_of
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import Operand
from .transposed import is_square, turned, turning
from .trees import replaced, sum_inside, total

REDUCTIONS: Dict[str, Callable[[List[Tree]], Tree]] = {
    "Sum": total,
    "Mean": lambda numbers: Binary("/", total(numbers), Constant(float(len(numbers)))),
    "Max": lambda numbers: Call("MAX", tuple(numbers)),
    "Min": lambda numbers: Call("MIN", tuple(numbers)),
}
MOST_OF_ALL = 1_000  # numbers that are added up for every number of a step


@misconception("wrong-axis", KNOWS_THE_OPERATION)
class WrongAxis(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from over_another(case)
        yield from of_a_square(case)
        yield from over_all(case)


def over_another(case: Case) -> Iterator[Way]:
    """Numbers are divided by the sum of their column, say, where that of their row belongs: the step reads a sum or the
    like of numbers that are laid out as its own are, and another axis has one for each of its numbers too."""
    for one in case.operands:
        node = one.key.item if isinstance(one.key, Value) else None
        if not isinstance(node, Node) or node.op not in REDUCTIONS or len(case.shape) < 2:
            continue
        x = case.operand(Value(node.inputs[0]))
        if x.shape != case.shape or x.key == case.key:
            continue
        axes = range(len(x.shape))
        along = {axis % len(x.shape) for axis in node.params["dim"] or axes}
        words = "along the other axis" if len(along) == 1 else "along one axis alone"
        for axis in axes:
            if along != {axis} and x.shape[axis] > 1:
                yield f"{one.name} is taken {words}", partial(with_another, case, one, partial(x.line, axis=axis))
        if along != set(axes) and x.block.size <= MOST_OF_ALL:
            yield f"{one.name} is taken of all numbers", partial(with_another, case, one, partial(all_of, x))


def all_of(x: Operand, index: Index) -> List[Tree]:
    return [x.cell(other) for other in indices(x.shape)]


def with_another(case: Case, one: Operand, taken: Callable[[Index], List[Tree]], index: Index) -> Tree:
    """A number of the step, where a sum or the like is that of other numbers: those `taken` for its place."""
    assert isinstance(one.key, Value) and isinstance(one.key.item, Node)
    other = REDUCTIONS[one.key.item.op](taken(index))
    places = {(row, column) for _, row, column in one.block.cells()}

    def part(tree: Tree) -> Tree:
        here = isinstance(tree, Reference) and (tree.first.row, tree.first.column) in places
        return other if here else tree

    return replaced(case.open_tree(index), part)


def over_all(case: Case) -> Iterator[Way]:
    """A sum or the like of all numbers, where one of each line belongs; on the way back too."""
    node = case.node
    if node is None or case.inner or len(case.shape) == 0:
        return
    if case.op in REDUCTIONS and case.k is None:
        x, function = case.operand(Value(node.inputs[0])), REDUCTIONS[case.op]
        if 1 < x.block.size <= MOST_OF_ALL and x.shape != case.shape:
            yield f"taken of all numbers of {x.name}", lambda i: function(all_of(x, i))
    elif case.k is not None and case.wrong and 1 < size_of(case.shape) < MOST_OF_ALL:
        added = len(sum_inside(case.tree(case.wrong[0].index))[0])
        if added > 1 and added * size_of(case.shape) < MOST_OF_ALL:
            parts = [case.tree(i) for i in indices(case.shape)]
            yield f"all of {case.rule} is added up, where each has a sum of its own", lambda i: total(parts)


def of_a_square(case: Case) -> Iterator[Way]:
    """Where a block is square, its columns give as many numbers as its rows."""
    squares = [one for one in case.operands if is_square(one)]
    blocks = [one for one in squares if size_of(one.shape) > size_of(case.shape)]
    if not blocks or case.op == "MatMul":
        return
    words = f"{case.rule} is taken along the other axis"
    yield words, turning(case, *blocks)

    def all_turned(one: Operand, i: Index) -> Tree:
        """Steps in between are taken along the other axis too."""
        if isinstance(one.key, Inner) and one not in squares and one.block.size > 1:
            return replaced(case.tree_of(one.block, i), part)
        return one.cell(turned(i) if one in blocks else i)

    def part(tree: Tree) -> Tree:
        return all_turned(*case.read(tree)) if isinstance(tree, Reference) else tree

    yield words, case.reading(all_turned)
