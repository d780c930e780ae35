"""A mask that is missing, shifted, or applied after the softmax."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import Scope
from ...graph.keys import Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("mask", KNOWS_THE_OPERATION)
class Mask(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.op != "Attention" or case.k is not None:
            return
        causal, masked = bool(node.params["is_causal"]), len(node.inputs) > 3
        if not (causal or masked):
            return
        free = case.again(lambda scope: without_mask(scope))
        if free is None:
            return
        yield "the mask is missing", free
        if case.inner == "P":
            yield "the mask was applied after the softmax", self.after(case)
        if causal and case.inner in ("S", "exp", "P"):
            for by, words in ((1, "one key too many"), (-1, "one key too few")):
                yield f"the mask is shifted: {words}", lambda i, by=by: "0" if i[-1] > i[-2] + by else free(i)

    @staticmethod
    def after(case: Case) -> Cell:
        """Weights of all keys, of which those that are masked are put to 0, so that a row does not add up to 1."""
        node = case.node
        assert node is not None
        q, k = (case.work.view(Value(item)) for item in node.inputs[:2])
        scale, keys = float(node.params["scale"]), node.inputs[1].shape[-2]

        def score(i: Index, j: int) -> str:
            terms = [f"{q[(*i[:-2], i[-2], c)]}*{k[(*i[:-2], j, c)]}" for c in range(q.shape[-1])]
            return f"EXP({scale!r}*({'+'.join(terms)}))"

        def cell(i: Index) -> str:
            if node.params["is_causal"] and i[-1] > i[-2]:
                return "0"
            return f"{score(i, i[-1])}/({'+'.join(score(i, j) for j in range(keys))})"

        return cell


def without_mask(scope: Scope) -> None:
    scope.x = scope.x[:3]
    scope.params["is_causal"] = False
