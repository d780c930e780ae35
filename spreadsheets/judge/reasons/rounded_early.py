"""Rounded so early that the digits typed cannot be right."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ...formulas.box import Box
from ...formulas.syntax import Constant, Tree
from ...graph.keys import Inner
from ...layout import Index
from ..causes import agrees
from ..precision import last_place
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case
from .operand import NotHere, Operand, is_number


@misconception("rounded-early", GENERAL)
class RoundedEarly(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield f"{case.rule} is rounded more than the other numbers", lambda i: rounded(case, i)
        for decimals in (3, 2, 1, 0):
            how = f"{decimals} decimal{'' if decimals == 1 else 's'}" if decimals else "whole numbers"
            for constants_too in (False, True):
                for end in ("at", "low", "high"):
                    yield (
                        f"what {case.rule} needs was rounded to {how} first",
                        case.reading(partial(early, case, decimals, constants_too, end)),
                    )


def rounded(case: Case, index: Index) -> Box:
    """What was typed, if what should stand there is rounded to it."""
    (one,) = [one for one in case.wrong if one.index == index]
    assert one.typed.number is not None
    if agrees(one.expected, one.typed.number, 0.5 * 10.0 ** -last_place(one.typed.number)):
        return Box.exact(one.typed.number)
    raise NotHere("it is another number")


def early(case: Case, decimals: int, constants_too: bool, end: str, operand: Operand, index: Index) -> Tree:
    """A number that is read, rounded. `end`: by which end of what it may stand for, as 0.65 may be 0.6 and 0.7."""
    value = case.value(operand.cell(index))
    is_kept = is_number(operand) and (isinstance(operand.key, Inner) or not constants_too)
    if is_kept or not isinstance(value, Box):
        return operand.cell(index)
    return Constant(round(getattr(value, end), decimals))
