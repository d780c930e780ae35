"""Rounded up, or cut off, where the nearest is asked for; a half not to the even one; to too many or too few digits."""

from __future__ import annotations

import math
from functools import partial
from typing import Callable, Dict, Iterator

from ...formulas.box import Box
from ...formulas.rounding import FORMATS
from ...graph.keys import Inner, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import NotHere

Whole = Callable[[float], float]  # of the size of a number, counted in units of its last digit

HOW: Dict[str, Whole] = {
    "every number is rounded up, in size; it goes to the nearest": math.ceil,
    "every number is cut off; it goes to the nearest": math.floor,
    "a half is rounded up; it goes to the even one of the two": lambda n: math.floor(n + 0.5),
    "a half is rounded down; it goes to the even one of the two": lambda n: math.ceil(n - 0.5),
    "a half goes to the odd one of the two; it goes to the even one": lambda n: (
        2.0 * round((n - 1) / 2) + 1 if n % 1 == 0.5 else round(n)
    ),
    "nothing is rounded: the number itself stands here": lambda n: n,
    "one binary digit too many is kept": lambda n: round(2 * n) / 2,
    "one binary digit too few is kept": lambda n: round(n / 2) * 2.0,
}


@misconception("wrong-rounding", KNOWS_THE_OPERATION)
class WrongRounding(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        if case.op != "Round" or case.inner or case.k is not None:
            return
        for words, whole in HOW.items():
            yield words, partial(rounded, case, whole, True)
        towards = (("up", math.ceil), ("down", math.floor))
        for where, signed in towards:
            yield f"every number is rounded {where}; it goes to the nearest", partial(of_signed, case, signed)
        words = "counted in units of the last digit that is kept, and not multiplied by that unit again"
        yield words, partial(rounded, case, round, False)


def parts(case: Case, index: Index) -> tuple[float, float]:
    """The number, and the unit of the last digit that the format keeps of it."""
    node = case.node
    assert node is not None
    x = case.number_at(case.operand(Value(node.inputs[0])), index)
    e = case.number_at(case.operand(Inner(Value(node), "e")), index)
    unit = 2.0 ** (e - FORMATS[node.params["format"]][0] + 1)
    if not (math.isfinite(x) and math.isfinite(unit)):
        raise NotHere("nothing to round")
    return x, unit


def rounded(case: Case, whole: Whole, back: bool, index: Index) -> Box:
    x, unit = parts(case, index)
    return Box.exact(math.copysign(whole(abs(x) / unit) * (unit if back else 1.0), x))


def of_signed(case: Case, whole: Whole, index: Index) -> Box:
    x, unit = parts(case, index)
    return Box.exact(whole(x / unit) * unit)
