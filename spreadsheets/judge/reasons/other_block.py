"""The numbers of another block, or the gradient for the value."""

from __future__ import annotations

from typing import Iterator

from .bank import FAR_FETCHED, Misconception, Way, misconception
from .case import Case, Operand, is_number


@misconception("other-block", FAR_FETCHED)
class OtherBlock(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for other in case.before(case.shape):
            yield f"these are the numbers of {other.name}", other.cell
        for operand in case.operands:
            if is_constant(operand):
                continue
            for other in case.before(operand.shape):
                if other.block != operand.block and not is_constant(other):
                    yield f"{other.name} stands where {operand.name} belongs", case.instead((operand.key, other.key))


def is_constant(operand: Operand) -> bool:
    """Whether a number stands in the rule itself, as the 2 of a square, and has no block that one could mistake."""
    written = operand.name in ("eps", "scale") or operand.name.lstrip("-")[:1].isdigit()
    return written and is_number(operand)
