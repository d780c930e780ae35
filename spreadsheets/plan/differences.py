"""How far each live number is from the framework's: the difference cells, from which Check draws its verdict.

One formula a cell: an array formula over a block can miss differences, these cannot. A number that is missing or wrong
in kind is MISSING away, and one that rounding decides, so that nobody can say what it should be, is UNDECIDED.
"""

from __future__ import annotations

from math import isfinite
from typing import List

from ..graph.doubt import Doubts
from ..layout import Block, Index
from .page import target
from .section import Formula, Spec

MISSING = "1E+308"  # more than any tolerance
UNDECIDED = "-1"  # shown as a word by its number format

RTOL, ATOL = "$C$5", "$C$6"  # of Check


def absolute(atol: str, size: float) -> str:
    return atol if size == 1 else f"{atol}*{size:.0E}"


def within(size: float, address: str) -> str:
    """What a number may differ by from the framework's at `address`, as the other sheets write it."""
    return f"{absolute(target('Check', ATOL), size)}+{target('Check', RTOL)}*ABS({address})"


def distance(a: str, b: str) -> str:
    return f"IFERROR(IF(COUNT({a},{b})=2,ABS({a}-{b}),{MISSING}),{MISSING})"


def is_strict(doubts: Doubts, spec: Spec) -> bool:
    """Whether a block has infinities or numbers in doubt: then a difference over its own tolerance is MISSING in its
    cell, unless it is undecided."""
    return doubts.errors(spec.key) or not all(map(isfinite, spec.values)) or any(doubts.limits(spec.key))


def differences(doubts: Doubts, spec: Spec, live: Block, framework: Block) -> Formula:
    """For every number how far the two are apart."""
    if not is_strict(doubts, spec):
        return lambda i: distance(live.address(i), framework.address(i))

    def formula(i: Index) -> str:
        n = live.position(i)
        clear = strict if isfinite(spec.values[n]) else not_finite
        return clear(doubts, spec, n, live.address(i), framework.address(i))

    return formula


def strict(doubts: Doubts, spec: Spec, n: int, a: str, b: str) -> str:
    """The difference from a number, where it is within the tolerance."""
    key = spec.key
    apart, limit, calculated = distance(a, b), doubts.limits(key)[n], doubts.as_calculated(key, n)
    unclear: List[str] = [f"{apart}<={limit:.1E}"] if limit else []
    if key in doubts.huge:
        unclear.append(f"ISTEXT({a})")
    elif not isfinite(calculated):
        unclear.append(f'EXACT({a},"{calculated}")')
    otherwise = f"IF(IFERROR(OR({','.join(unclear)}),FALSE),{UNDECIDED},{MISSING})" if unclear else MISSING
    if doubts.errors(key):
        otherwise = f"IF(ISERR({a}),{UNDECIDED},{otherwise})"
    return f"IF({apart}<={within(spec.size, b)},{apart},{otherwise})"


def not_finite(doubts: Doubts, spec: Spec, n: int, a: str, b: str) -> str:
    """0 for the text that the framework has, and for an error, which is how a spreadsheet says that there is no
    number."""
    calculated = doubts.as_calculated(spec.key, n)
    otherwise = MISSING
    if spec.key in doubts.huge:
        otherwise = UNDECIDED
    elif isfinite(calculated):
        otherwise = f"IF(IFERROR(ABS({a}-{calculated!r})<={abs(calculated) * 1e-5:.1E},FALSE),{UNDECIDED},{MISSING})"
    elif calculated != spec.values[n] and calculated == calculated:
        otherwise = f'IF(EXACT({a},"{calculated}"),{UNDECIDED},{MISSING})'
    return f"IF(ISERR({a}),0,IF(EXACT({a},{b}),0,{otherwise}))"
