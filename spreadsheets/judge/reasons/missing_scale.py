"""Scores without 1/√d, with 1/d, or with another width."""

from __future__ import annotations

import math
from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Constant
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("missing-scale", KNOWS_THE_OPERATION)
class MissingScale(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.op != "Attention":
            return
        scale = float(node.params["scale"])
        d, width = node.inputs[0].shape[-1], max(n for item in node.inputs for n in item.shape)
        heads = int(node.params["num_heads"]) or 1
        scales = {
            "without the factor 1/√d": 1.0,
            "with 1/d in place of 1/√d": 1 / (d / heads),
            "with √d in place of 1/√d": math.sqrt(d / heads),
            "with the width of all heads": 1 / math.sqrt(d),
            "with another width": 1 / math.sqrt(width),
            "with the number of queries for the width": 1 / math.sqrt(node.shape[-2]),
        }
        for words, other in scales.items():
            if other != scale and case.inner in ("S", "") and (case.inner or case.k in (0, 1)):
                yield words, lambda i, other=other: Binary("*", Constant(other / scale), case.tree(i))
