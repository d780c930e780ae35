"""How far each live number is from the framework's: the difference cells, from which Check draws its verdict.

One formula a cell: an array formula over a block can miss differences, these cannot. A number that is missing or wrong
in kind is MISSING away, and one that rounding decides, so that nobody can say what it should be, is UNDECIDED.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, List

from .layout import Index
from .page import target
from .style import DIFFERENCE

if TYPE_CHECKING:
    from .book import Section
    from .check import CheckedBook
    from .doubt import Doubts

MISSING = "1E+308"  # more than any tolerance
UNDECIDED = "-1"  # shown as a word by its number format

RTOL, ATOL = "$C$5", "$C$6"  # of Check


def absolute(atol: str, section: Section) -> str:
    return atol if section.size == 1 else f"{atol}*{section.size:.0E}"


def within(section: Section, address: str) -> str:
    """What a number may differ by from the framework's at `address`, as the other sheets write it."""
    return f"{absolute(target('Check', ATOL), section)}+{target('Check', RTOL)}*ABS({address})"


def distance(a: str, b: str) -> str:
    return f"IFERROR(IF(COUNT({a},{b})=2,ABS({a}-{b}),{MISSING}),{MISSING})"


def write_differences(book: CheckedBook, section: Section, key: Any) -> None:
    """For every number how far the two are apart. A block with infinities, or with numbers in doubt, has its tolerance
    in each cell: a difference over it is MISSING there, unless it is undecided."""
    live, framework, block = section.live, section.framework, section.difference
    assert framework is not None and block is not None
    doubts, values = book.doubts, section.values
    section.strict = doubts.errors(key) or not all(map(isfinite, values)) or any(doubts.limits(key))
    order = {index: n for n, (index, _, _) in enumerate(live.cells())}

    def formula(i: Index) -> str:
        a, b, n = live.address(i), framework.address(i), order[i]
        if not section.strict:
            return distance(a, b)
        return (strict if isfinite(values[n]) else not_finite)(doubts, section, key, n, a, b)

    section.page.formulas(block, formula, "difference", DIFFERENCE)


def strict(doubts: Doubts, section: Section, key: Any, n: int, a: str, b: str) -> str:
    """The difference from a number, where it is within the tolerance."""
    apart, limit, calculated = distance(a, b), doubts.limits(key)[n], doubts.as_calculated(key, n)
    unclear: List[str] = [f"{apart}<={limit:.1E}"] if limit else []
    if key in doubts.huge:
        unclear.append(f"ISTEXT({a})")
    elif not isfinite(calculated):
        unclear.append(f'EXACT({a},"{calculated}")')
    otherwise = f"IF(IFERROR(OR({','.join(unclear)}),FALSE),{UNDECIDED},{MISSING})" if unclear else MISSING
    if doubts.errors(key):
        otherwise = f"IF(ISERR({a}),{UNDECIDED},{otherwise})"
    return f"IF({apart}<={within(section, b)},{apart},{otherwise})"


def not_finite(doubts: Doubts, section: Section, key: Any, n: int, a: str, b: str) -> str:
    """0 for the text that the framework has, and for an error, which is how a spreadsheet says that there is no
    number."""
    calculated = doubts.as_calculated(key, n)
    otherwise = MISSING
    if key in doubts.huge:
        otherwise = UNDECIDED
    elif isfinite(calculated):
        otherwise = f"IF(IFERROR(ABS({a}-{calculated!r})<={abs(calculated) * 1e-5:.1E},FALSE),{UNDECIDED},{MISSING})"
    elif calculated != section.values[n] and calculated == calculated:
        otherwise = f'IF(EXACT({a},"{calculated}"),{UNDECIDED},{MISSING})'
    return f"IF(ISERR({a}),0,IF(EXACT({a},{b}),0,{otherwise}))"
