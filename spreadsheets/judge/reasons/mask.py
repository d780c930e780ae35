"""A mask that is missing, shifted, or applied after the softmax."""

from __future__ import annotations

from typing import Iterator

from ...formulas.syntax import Tree
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .scores import Score, is_masked, score, softmax_of
from .trees import ZERO


@misconception("mask", KNOWS_THE_OPERATION)
class Mask(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
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
            yield (
                "the mask was applied after the softmax: the weights that are left no longer add up to 1",
                lambda i: after(case, scores, i, keys),
            )


def after(case: Case, scores: Score, index: Index, keys: int) -> Tree:
    return ZERO if is_masked(case, index) else softmax_of(scores, index, keys)
