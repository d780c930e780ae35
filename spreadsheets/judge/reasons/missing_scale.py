"""Scores without 1/√d, with 1/d, or with another width."""

from __future__ import annotations

import math
from typing import Dict, Iterator

from ...formulas.syntax import Constant, Tree
from ...graph.keys import Inner
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Cell
from .operand import Operand


@misconception("missing-scale", KNOWS_THE_OPERATION)
class MissingScale(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        node = case.node
        if node is None or case.op != "Attention":
            return
        true, width = float(node.params["scale"]), node.inputs[0].shape[-1]
        d = width // (int(node.params["num_heads"]) or 1)
        scales: Dict[float, str] = {1.0: f"the factor {true:.4g} is missing (1/√{d})"}
        scales.setdefault(1 / d, f"the factor is 1/{d} where 1/√{d} belongs")
        scales.setdefault(math.sqrt(d), f"multiplied by √{d} where the rule divides by it")
        for n in sorted({n for item in node.inputs for n in item.shape} | {width}):
            scales.setdefault(1 / math.sqrt(n), f"the factor is 1/√{n} where 1/√{d} belongs")
        for scale, words in scales.items():
            if abs(scale - true) > 1e-9:
                yield words, with_scale(case, scale)


def with_scale(case: Case, scale: float) -> Cell:
    def read(one: Operand, i: Index) -> Tree:
        return Constant(scale) if isinstance(one.key, Inner) and one.key.name == "scale" else one.cell(i)

    return case.reading(read)
