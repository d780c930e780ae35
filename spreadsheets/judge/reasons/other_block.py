"""The numbers of another block, or the gradient for the value."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from .bank import FAR_FETCHED, Misconception, Way, misconception
from .case import Case
from .operand import Operand, is_number


@misconception("other-block", FAR_FETCHED)
class OtherBlock(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for other in case.before(case.shape):
            yield f"these are the numbers of {other.name}", other.cell
        for operand in case.operands:
            if is_constant(operand):
                continue
            for other in nearest(case, operand):
                if other.block != operand.block and not is_constant(other):
                    yield f"{other.name} stands where {operand.name} belongs", case.instead((operand.key, other.key))


def nearest(case: Case, operand: Operand) -> List[Operand]:
    """What may have been taken for an operand, the likeliest first: what it was made of, as by someone who left its
    operation out, then what was made of it or stands close before it on the page. Two of these may be the same number.
    """
    others = list(case.before(operand.shape))
    at = next((n for n, one in enumerate(others) if one.key == operand.key), len(others))
    made_of = case.reads(operand)

    def distance(n: int) -> Tuple[bool, bool, int]:
        is_near = any((row, column) in made_of for _, row, column in others[n].block.cells())
        return not is_near, is_number(others[n]), abs(n - at)

    return [others[n] for n in sorted(range(len(others)), key=distance)]


def is_constant(operand: Operand) -> bool:
    """Whether a number stands in the rule itself, as the 2 of a square, and has no block that one could mistake."""
    written = operand.name in ("eps", "scale") or operand.name.lstrip("-")[:1].isdigit()
    return written and is_number(operand)
