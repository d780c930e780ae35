"""The right operation along another axis."""

from __future__ import annotations

from typing import Iterator

from ...layout import size_of
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .transposed import PRODUCTS, is_square, turning


@misconception("wrong-axis", KNOWS_THE_OPERATION)
class WrongAxis(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        """Where a block is square, its columns give as many numbers as its rows."""
        blocks = [one for one in case.operands if is_square(one) and size_of(one.shape) > size_of(case.shape)]
        is_product = case.op in PRODUCTS and not case.inner and not (case.op == "Linear" and case.k == 2)
        if blocks and not is_product:
            yield f"{case.rule} is taken along the other axis", turning(case, *blocks)
