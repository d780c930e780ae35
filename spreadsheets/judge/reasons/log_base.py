"""The logarithm to another base, or the exponential of one."""

from __future__ import annotations

import math
from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Constant, Tree
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import replaced


@misconception("log-base", KNOWS_THE_OPERATION)
class LogBase(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for base, name in ((10.0, "log₁₀"), (2.0, "log₂")):
            yield (
                f"{name} in place of ln",
                lambda i, base=base: replaced(case.tree(i), lambda part: of_base(part, base)),
            )
            yield (
                f"a power of {base:g} in place of e",
                lambda i, base=base: replaced(case.tree(i), lambda part: power_of(part, base)),
            )


def of_base(part: Tree, base: float) -> Tree:
    if isinstance(part, Call) and part.name == "LN":
        return Binary("/", part, Constant(math.log(base)))
    return part


def power_of(part: Tree, base: float) -> Tree:
    if isinstance(part, Call) and part.name == "EXP":
        return Call("EXP", (Binary("*", part.arguments[0], Constant(math.log(base))),))
    return part
