"""A formula with one small thing changed, wherever in it that is possible."""

from __future__ import annotations

from typing import Callable, Iterator, List, Tuple

from ...formulas.syntax import Tree
from ...layout import Index
from .bank import Way
from .case import Case, NotHere
from .trees import edits

Local = Callable[[Tree], Iterator[Tuple[str, Tree]]]


def edited(case: Case, local: Local) -> Iterator[Way]:
    """The ways to change one part, counted in the formula of the first wrong number: the others are alike."""
    if not case.wrong:
        return
    made: List[Tuple[Index, List[Tuple[str, Tree]]]] = []

    def every(index: Index) -> List[Tuple[str, Tree]]:
        for known, changes in made:
            if known == index:
                return changes
        made.append((index, list(edits(case.tree(index), local))))
        return made[-1][1]

    def nth(n: int) -> Callable[[Index], Tree]:
        def cell(index: Index) -> Tree:
            changes = every(index)
            if n >= len(changes):
                raise NotHere("a formula of another form")
            return changes[n][1]

        return cell

    for n, (words, _) in enumerate(every(case.wrong[0].index)):
        yield words, nth(n)
