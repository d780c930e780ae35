"""The scores of an attention, whether masked or not."""

from __future__ import annotations

from typing import Callable, List, Optional

from ...formulas.syntax import Binary, Call, Tree
from ...graph.keys import Inner, Value
from ...layout import Index
from .case import Case
from .operand import NotHere
from .trees import total

Score = Callable[[Index], Tree]


def score(case: Case) -> Optional[Score]:
    """scale · q kᵀ at an index of the scores; None for another operation, or where heads lie side by side."""
    node = case.node
    if node is None or case.op != "Attention" or node.params["num_heads"] or len(node.inputs[0].shape) != 2:
        return None
    q, k = (case.operand(Value(item)) for item in node.inputs[:2])
    scale = case.operand(Inner(Value(node), "scale")).cell(())

    def cell(i: Index) -> Tree:
        terms: List[Tree] = [Binary("*", q.cell((i[0], c)), k.cell((i[1], c))) for c in range(q.shape[1])]
        return Binary("*", scale, total(terms))

    return cell


def is_masked(case: Case, index: Index) -> bool:
    """Whether a query may not see a key."""
    node = case.node
    assert node is not None
    if node.params["is_causal"]:
        return index[1] > index[0]
    if len(node.inputs) < 4:
        return False
    mask = case.operand(Value(node.inputs[3]))
    if node.inputs[3].dtype != "bool" or mask.shape != case.operand(Inner(Value(node), "S")).shape:
        raise NotHere("a mask of another kind")
    return not case.number_at(mask, index)


def softmax_of(scores: Score, index: Index, keys: int) -> Tree:
    """One weight from a row of scores."""
    row: List[Tree] = [Call("EXP", (scores((index[0], j)),)) for j in range(keys)]
    return Binary("/", row[index[1]], total(row))
