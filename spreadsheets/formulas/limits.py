"""The limits of a spreadsheet formula, kept in one place: openpyxl checks none of them."""

from __future__ import annotations

import re
from typing import List, Sequence

MAX_LENGTH = 8_000  # characters; Excel allows 8,192
MAX_ARGUMENTS = 200  # of one function; Excel allows 255
MAX_TERMS = 8  # up to here a sum or a product is written out as a + b + c, as one would by hand

_RANGE = re.compile(r"('([^']|'')+'!)?[A-Z]+[0-9]+:[A-Z]+[0-9]+")


class FormulaTooLong(ValueError):
    """A formula that no spreadsheet would take."""


def checked(text: str) -> str:
    """`text`, unless it is longer than a cell takes."""
    if len(text) > MAX_LENGTH:
        raise FormulaTooLong(
            f"a formula of {len(text):,} characters; a cell takes {MAX_LENGTH:,}: export a smaller example"
        )
    return text


def call(function: str, arguments: Sequence[str]) -> str:
    """`SUM(a,b,c)`, nested as `SUM(SUM(a,…),SUM(…))` where there are too many. For SUM, MAX, MIN, COUNT."""
    parts: List[str] = list(arguments)
    while len(parts) > MAX_ARGUMENTS:
        parts = [f"{function}({','.join(parts[i : i + MAX_ARGUMENTS])})" for i in range(0, len(parts), MAX_ARGUMENTS)]
    return f"{function}({','.join(parts)})"


def is_range(part: str) -> bool:
    """Whether `part` is a bare range such as `'f(x)'!B2:D4`, not an address and not an expression."""
    return _RANGE.fullmatch(part) is not None


def as_range(part: str) -> str:
    """`B7` as `B7:B7`: not every program takes a single cell where COUNTIF, SUMIF or MATCH want a range."""
    return part if ":" in part else f"{part}:{part.rpartition('!')[2]}"


def chunks(parts: Sequence[str], length: int) -> List[List[str]]:
    """`parts` in order, cut into lists that stay below `length` characters each."""
    result: List[List[str]] = [[]]
    used = 0
    for part in parts:
        if result[-1] and used + len(part) + 1 > length:
            result.append([])
            used = 0
        result[-1].append(part)
        used += len(part) + 1
    return result
