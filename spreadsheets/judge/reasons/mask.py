"""A mask that is missing, shifted, or applied after the softmax."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from ...formulas.syntax import Binary, Reference, Tree
from ...graph.items import Leaf, Node
from ...graph.keys import Value
from ...layout import Index, indices
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import Operand
from .scores import Score, is_masked, score, softmax_of
from .trees import ONE, ZERO, replaced

LATE = "the mask was applied after the softmax: the weights that are left no longer add up to 1"


@misconception("mask", KNOWS_THE_OPERATION)
class Mask(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from step_by_step(case)
        node, scores = case.node, score(case)
        if node is None or scores is None or case.k is not None:
            return
        if not (node.params["is_causal"] or len(node.inputs) > 3):
            return
        keys = node.inputs[1].shape[0]
        if case.inner == "S":
            yield "the mask is missing: a score stands where none belongs", scores
        if case.inner == "P":
            yield "the mask is missing", lambda i: softmax_of(scores, i, keys)
            yield LATE, lambda i: after(case, scores, i, keys)


def after(case: Case, scores: Score, index: Index, keys: int) -> Tree:
    return ZERO if is_masked(case, index) else softmax_of(scores, index, keys)


# --- a mask of 0 and 1 that multiplies exponentials -------------------------------------------------------------------
class Masked(NamedTuple):
    """A product with a mask, and what it is made of."""

    product: Operand
    x: Operand
    mask: Operand


def step_by_step(case: Case) -> Iterator[Way]:
    if case.k is not None or case.inner or case.node is None:
        return
    own = masked(case, case.node)
    if own is not None:
        x, mask = own.x, own.mask
        yield "the mask is missing", x.cell
        if len(mask.shape) == 2:
            yield "the mask is shifted: one number too few is seen", lambda i: shifted(own, i, -1)
            yield "the mask is shifted: one number too many is seen", lambda i: shifted(own, i, 1)
        hidden = "what is hidden counts as 1; its exponential is that of −∞, 0"
        yield hidden, lambda i: Binary("+", Binary("*", x.cell(i), mask.cell(i)), Binary("-", ONE, mask.cell(i)))
        return
    for one in case.operands:
        node = one.key.item if isinstance(one.key, Value) else None
        found = masked(case, node) if isinstance(node, Node) else None
        if found is None:
            continue
        for depth in (0, 1):
            yield "the mask is missing", lambda i, f=found, d=depth: without(f, case, case.opened(i, d))  # type: ignore
        if case.op == "Div":
            yield LATE, lambda i, f=found: late(f, case, i)  # type: ignore[misc]


def masked(case: Case, node: Node) -> Optional[Masked]:
    """None for any other operation."""
    if node.op != "Mul" or node.inputs[0].shape != node.inputs[1].shape or Value(node) not in case.work.blocks:
        return None
    for k in (0, 1):
        mask = case.operand(Value(node.inputs[k]))
        if isinstance(node.inputs[k], Leaf) and mask.block.size > 1:
            if {case.number_at(mask, i) for i in indices(mask.shape)} == {0.0, 1.0}:
                return Masked(case.operand(Value(node)), case.operand(Value(node.inputs[1 - k])), mask)
    return None


def without(found: Masked, case: Case, tree: Tree) -> Tree:
    """A formula that reads the numbers without the mask; of `seen / total` the sum is made of them too."""

    def part(tree: Tree) -> Tree:
        if not isinstance(tree, Reference):
            return tree
        operand, index = case.read(tree)
        return found.x.cell(index) if operand.key == found.product.key else ONE if operand == found.mask else tree

    return replaced(tree, part)


def late(found: Masked, case: Case, index: Index) -> Tree:
    """Each number over the sum of all, and only then the mask."""
    over_all = without(found, case, case.opened(index, 1))
    return Binary("*", over_all, found.mask.cell(index))


def shifted(found: Masked, index: Index, by: int) -> Tree:
    """A mask that lets each row see one number more or less on the right."""
    row, column = index
    at = column - by
    seen = found.mask.cell((row, at)) if 0 <= at < found.mask.shape[1] else ONE if at < 0 else ZERO
    return Binary("*", found.x.cell(index), seen)
