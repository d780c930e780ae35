"""The numbers of another block, or the gradient for the value."""

from __future__ import annotations

from typing import Iterator

from .bank import FAR_FETCHED, Misconception, Way, misconception
from .case import Case, is_number


@misconception("other-block", FAR_FETCHED)
class OtherBlock(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for other in case.before(case.shape):
            yield f"these are the numbers of {other.name}", other.cell
        for operand in case.operands:
            if is_number(operand):
                continue
            for other in case.before(operand.shape):
                if other.block != operand.block and not is_number(other):
                    yield f"{other.name} stands where {operand.name} belongs", case.instead((operand.key, other.key))
