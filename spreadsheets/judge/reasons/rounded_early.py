"""Rounded so early that the digits typed cannot be right."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.box import Box
from ...formulas.syntax import Constant, Reference, Tree
from ...layout import Index
from ..hand import decimals_typed
from .bank import GENERAL, Misconception, misconception
from .case import Case, Cell
from .trees import replaced


@misconception("rounded-early", GENERAL)
class RoundedEarly(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for decimals in (3, 2, 1, 0):
            if all(decimals_typed(one.typed.number or 0.0) > decimals for one in case.wrong):
                how = f"to {decimals} decimal{'' if decimals == 1 else 's'}" if decimals else "to whole numbers"
                yield f"its numbers were rounded {how} first", lambda i, d=decimals: rounded(case, i, d)
        for decimals in (3, 2, 1, 0):
            how = f"to {decimals} decimal{'' if decimals == 1 else 's'}" if decimals else "to a whole number"
            yield f"rounded {how}", lambda i, d=decimals: to(case, i, d)


def rounded(case: Case, index: Index, decimals: int) -> Tree:
    """The formula with every number that it reads rounded."""

    def change(part: Tree) -> Tree:
        if isinstance(part, Reference) and part.last is None:
            value = case.value(part)
            if isinstance(value, Box):
                return Constant(round(value.at, decimals))
        return part

    return replaced(case.tree(index), change)


def to(case: Case, index: Index, decimals: int) -> Box:
    value = case.value(case.tree(index))
    if not isinstance(value, Box):
        raise ValueError("no number")
    return Box.exact(round(value.at, decimals))
