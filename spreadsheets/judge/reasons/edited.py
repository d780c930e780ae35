"""A formula with one small thing changed, wherever in it that is possible."""

from __future__ import annotations

from functools import partial
from typing import Callable, Iterator, List, Optional, Tuple

from ...formulas.syntax import Tree, references
from ...layout import Index
from .bank import Way
from .case import Case
from .operand import NotHere
from .trees import edits

Local = Callable[[Tree], Iterator[Tuple[str, Tree]]]
LONGEST = 40  # numbers that a formula reads, with the steps before put in


def edited(case: Case, local: Local, depth: Optional[int] = None) -> Iterator[Way]:
    """The ways to change one part, counted in the formula of the first wrong number: the others are alike. `depth`: so
    many of the steps before are taken as parts of the formula, as by someone who does them at once."""
    if not case.wrong:
        return
    formula = case.tree if depth is None else partial(case.opened, depth=depth)
    if depth and is_long(formula(case.wrong[0].index)):
        return
    made: List[Tuple[Index, List[Tuple[str, Tree]]]] = []

    def every(index: Index) -> List[Tuple[str, Tree]]:
        for known, changes in made:
            if known == index:
                return changes
        made.append((index, list(edits(formula(index), local))))
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


def is_long(tree: Tree) -> bool:
    return any(n >= LONGEST for n, _ in enumerate(references(tree)))
