"""The derivative taken at the output in place of the input, or twice."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from ...formulas.syntax import Reference, Tree
from ...graph.keys import Gradient, Inner, StepKey, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import NotHere, Operand, is_number
from .trees import factors_of, product, replaced


@misconception("derivative-at-output", KNOWS_THE_OPERATION)
class DerivativeAtOutput(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        pair = input_and_output(case)
        if pair is None:
            return
        x, y = pair

        def at_output(one: Operand, i: Index) -> Tree:
            return y.cell(i) if one.key == x.key else again(case, x, y, i) if one.key == y.key else one.cell(i)

        yield f"the derivative is taken at {y.name} in place of {x.name}", case.reading(at_output)
        if case.has(y.key):
            yield f"{x.name} stands where {y.name} belongs", case.instead((y.key, x.key))
        yield f"the derivative of {y.name} counts twice", lambda i: twice(case, case.tree(i))


def input_and_output(case: Case) -> Optional[Tuple[Operand, Operand]]:
    """What a function was taken of, and what it gave, both of the step's shape."""
    if not case.is_gradient:
        return None
    keys: Optional[Tuple[StepKey, StepKey]] = None
    node = case.node
    if case.inner.startswith("da("):
        time = case.inner[2:]
        inner = [one.key for one in case.operands if isinstance(one.key, Inner) and one.key.name == f"h{time}"]
        keys = (Inner(inner[0].of, f"net{time}"), inner[0]) if inner else None
    elif node is not None and not case.inner:
        inputs = [item for item in node.inputs if not is_number(case.operand(Value(item)))]
        keys = (Value(inputs[0]), Value(node)) if len(inputs) == 1 else None
    if keys is None or any(key not in case.work.blocks for key in keys):
        return None
    x, y = map(case.operand, keys)
    return (x, y) if x.shape == y.shape == case.shape else None


def again(case: Case, x: Operand, y: Operand, index: Index) -> Tree:
    """The function taken once more, of what it gave."""
    return replaced(
        case.tree_of(y.block, index),
        lambda part: y.cell(case.read(part)[1]) if isinstance(part, Reference) and case.read(part)[0] == x else part,
    )


def twice(case: Case, tree: Tree) -> Tree:
    """Every factor but the gradient that arrives once more."""
    factors = factors_of(tree)
    arriving = [f for f in factors if isinstance(f[1], Reference) and isinstance(case.read(f[1])[0].key, Gradient)]
    arriving = arriving or factors[:1]
    rest = [factor for factor in factors if factor not in arriving]
    if not rest:
        raise NotHere("no derivative")
    return product([*factors, *rest])
