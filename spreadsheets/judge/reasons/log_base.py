"""The logarithm to another base, or the exponential of one."""

from __future__ import annotations

import math
from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Constant, Tree
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .edited import edited


@misconception("log-base", KNOWS_THE_OPERATION)
class LogBase(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, of_another_base)


def of_another_base(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    if isinstance(tree, Call) and tree.name == "LN":
        for base, name in ((10.0, "log₁₀"), (2.0, "log₂")):
            yield f"{name} stands where ln belongs", Binary("/", tree, Constant(math.log(base)))
    if isinstance(tree, Call) and tree.name == "EXP":
        for base in (10.0, 2.0):
            power = Call("EXP", (Binary("*", tree.arguments[0], Constant(math.log(base))),))
            yield f"a power of {base:g} stands where one of e belongs", power
