"""Two digits exchanged, or a decimal point misplaced."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from ...formulas.box import Box
from ...layout import Index
from ..causes import agrees
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case
from .operand import NotHere
from .trees import scaled
from .words import ordinary


@misconception("digits", GENERAL)
class Digits(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield f"two digits of {case.rule} are exchanged", lambda i: exchanged(case, i)
        for power in (1, -1, 2, -2, 3, -3):
            where = f"{ordinary(abs(power))} too far to the {'right' if power > 0 else 'left'}"
            yield f"the decimal point is {where}", case.whole(partial(scaled, 10.0**power))


def exchanged(case: Case, index: Index) -> Box:
    """What was typed, if exchanging two neighbouring digits makes it right."""
    (one,) = [one for one in case.wrong if one.index == index]
    expected = case.value(case.tree(index))
    number = one.typed.number
    text = f"{number!r}00"  # zeros at the end are not stored
    for n in range(len(text) if isinstance(expected, Box) and "e" not in text else 0):
        m = n + 2 if text[n + 1 : n + 2] == "." else n + 1
        if m < len(text) and text[n].isdigit() and text[m].isdigit() and text[n] != text[m]:
            other = float(text[:n] + text[m] + text[n + 1 : m] + text[n] + text[m + 1 :])
            if agrees(expected, other, one.half):
                return Box.exact(float(text))
    raise NotHere("the digits are other ones")
