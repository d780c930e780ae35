"""Rounded so early that the digits typed cannot be right."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ...formulas.box import Box
from ...formulas.syntax import Constant, Tree
from ...layout import Index
from ..causes import agrees
from ..precision import last_place
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case, NotHere, Operand, is_number


@misconception("rounded-early", GENERAL)
class RoundedEarly(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield f"{case.rule} is rounded more than the other numbers", lambda i: rounded(case, i)
        for decimals in (3, 2, 1, 0):
            how = f"{decimals} decimal{'' if decimals == 1 else 's'}" if decimals else "whole numbers"
            yield (
                f"what {case.rule} needs was rounded to {how} first",
                case.reading(partial(early, case, decimals)),
            )


def rounded(case: Case, index: Index) -> Box:
    """What was typed, if what should stand there is rounded to it."""
    (one,) = [one for one in case.wrong if one.index == index]
    assert one.typed.number is not None
    if agrees(one.expected, one.typed.number, 0.5 * 10.0 ** -last_place(one.typed.number)):
        return Box.exact(one.typed.number)
    raise NotHere("it is another number")


def early(case: Case, decimals: int, operand: Operand, index: Index) -> Tree:
    value = case.value(operand.cell(index))
    if is_number(operand) or not isinstance(value, Box):
        return operand.cell(index)
    return Constant(round(value.at, decimals))
