"""Two digits exchanged, or a decimal point misplaced."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from ...formulas.box import Box
from ...formulas.syntax import Binary, Constant
from ...layout import Index
from ..causes import agrees
from .bank import GENERAL, Misconception, misconception
from .case import Case, Cell


@misconception("digits", GENERAL)
class Digits(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for power in (1, -1, 2, -2, 3, -3):
            places = "one place" if abs(power) == 1 else f"{abs(power)} places"
            yield (
                f"the decimal point is {places} too far to the {'right' if power > 0 else 'left'}",
                lambda i, power=power: Binary("*", Constant(10.0**power), case.tree(i)),
            )
        yield "two digits were exchanged", lambda i: slipped(case, i)


def slipped(case: Case, index: Index) -> Optional[Box]:
    """What was typed, if exchanging two neighbouring digits makes it right; None if not."""
    (one,) = [one for one in case.wrong if one.index == index]
    expected = case.value(case.tree(index))
    text = repr(one.typed.number)
    if not isinstance(expected, Box) or "e" in text:
        return None
    for n in range(len(text)):
        for m in (n + 1, n + 2):
            if m < len(text) and text[n].isdigit() and text[m].isdigit() and text[n] != text[m]:
                if m == n + 2 and text[n + 1] != ".":
                    continue
                other = float(text[:n] + text[m] + text[n + 1 : m] + text[n] + text[m + 1 :])
                if agrees(expected, other, one.half):
                    return Box.exact(float(text))
    return None
