"""Cells that only repeat what others hold: differences, and echoes of what was typed elsewhere."""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from ..address import cell_name, quote_title
from ..layout import Block, Index
from ..read.places import Places
from ..read.workbook import Cell, Sheet, Value
from .compare import is_close
from .digits import lost
from .hint import hint

MISSING = 1e99  # from here on a difference says that a number is missing on either side, or too far off
UNDECIDED = -1.0

# (index, row, column), the kind of difference or None, found, expected, what the cell is, what to do
Wrong = Tuple[Tuple[Index, int, int], Optional[str], Value, Value, str, str]


def wrong_differences(cells: Sheet, places: Places, rtol: float, atol: float, digits: Optional[int]) -> Iterator[Wrong]:
    """The cells beside a formula and the framework's value that say how far apart the two are."""
    block, framework = places.difference, places.framework
    if block is None or framework is None:
        return
    step = block.column - framework.column  # from each of the three to the next
    for place in block.cells():
        _, row, column = place
        cell, a, b = cells[row, column], cells[row, column - 2 * step], cells[row, column - step]
        expected, number = expected_difference(a, b), cell.number
        kind = None
        if number is None:
            kind = cell.kind if cell.kind != "text" else None
        elif number < MISSING and number != UNDECIDED:
            size = abs(float(b.value or 0)) if b.kind == "number" else 0.0
            stored = 10.0**-digits + 2 * lost(size, size, digits) if digits else 0.0  # of the two, or 0 for one
            kind = None if is_close(number, expected, 1e-12, atol + rtol * size + stored) else "wrong"
        advice = hint(cell, kind, expected, False) if kind else ""
        yield place, kind, cell.seen, expected, ", the difference of formula and framework", advice


def expected_difference(live: Cell, framework: Cell) -> float:
    """What such a cell should show: 0 for equal texts, and for an error, as a spreadsheet has no infinity."""
    if "number" == live.kind == framework.kind:
        return abs(float(live.value or 0) - float(framework.value or 0))
    same = live.kind == framework.kind == "text" and live.value == framework.value
    return 0.0 if same or live.kind == "error" else MISSING


def wrong_repeats(cells: Sheet, block: Block, typed: Sheet, source: Block) -> Iterator[Wrong]:
    """The cells that show once more what was typed into the blanks of `source`."""
    for place in block.cells():
        index, row, column = place
        cell, original = cells[row, column], typed[source.at(index)]
        kind = None if is_repeated(cell, original) else "wrong" if cell.kind != "not calculated" else cell.kind
        advice = f"it should repeat {quote_title(source.sheet)}!{cell_name(*source.at(index))}" if kind else ""
        yield place, kind, cell.seen, original.seen, "", advice


def is_repeated(echo: Cell, typed: Cell) -> bool:
    """Whether a cell shows what was typed into another: nothing for a blank."""
    if isinstance(typed.value, float):  # a number, or a date, whose echo has no date's format
        return isinstance(echo.value, float) and is_close(echo.value, typed.value, 1e-9, 0.0)
    if typed.kind == "blank":
        return echo.kind == "blank" or echo.kind == "text" and not echo.value
    return echo.kind == typed.kind and echo.value == typed.value
