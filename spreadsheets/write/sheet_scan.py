"""Where the rows and cells of a sheet stand in its XML, so that some can be changed without touching the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from ..address import column_number, parse_address
from ..read.sheet_cells import row_number
from ..read.xml_events import SPREADSHEET, Attributes, Budget, Names, make_parser, parse

Position = Tuple[int, int]
START_TAG = re.compile(rb"""<([\w.:-]+)((?:[^>"']|"[^"]*"|'[^']*')*?)\s*(/?)>""")


@dataclass
class RowPlace:
    start: int  # of `<row`
    end: int = 0  # of `</row>`, where a cell can be put in; behind the tag of an empty `<row/>`
    cells: List[Tuple[int, int]] = field(default_factory=list)  # (column, where it starts)


@dataclass
class SheetScan:
    """Byte positions in the part of a sheet, and what lies beside its cells."""

    rows: Dict[int, RowPlace] = field(default_factory=dict)
    styles: Dict[Position, int] = field(default_factory=dict)  # of the cells there are
    data: Tuple[int, int] = (0, 0)  # `<sheetData`, and `</sheetData>` or behind an empty `<sheetData/>`
    columns_end: Optional[int] = None  # `</cols>`
    last_column: int = 0  # that a cell or a merged range has
    formatted: List[Tuple[int, int, bool]] = field(default_factory=list)  # columns from, to, hidden

    def free_column(self) -> int:
        """The first column to the right of everything that is not hidden."""
        column = self.last_column + 1
        while any(first <= column <= last and hidden for first, last, hidden in self.formatted if last < 16_000):
            column += 1
        return column


def scan_sheet(sheet: bytes, budget: Optional[Budget] = None) -> SheetScan:
    """Raises XmlError where it is no sheet."""
    found, names, here = SheetScan(), Names(SPREADSHEET), []  # type: SheetScan, Names, List[str]
    row = column = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal row, column
        here.append(names[name])
        path, at = tuple(here[1:]), parser.CurrentByteIndex
        if path == ("sheetData", "row", "c"):
            reference = attributes.get("r", "")
            column = column_number(reference.rstrip("0123456789")) or column + 1
            found.rows[row].cells.append((column, at))
            found.styles[row, column] = int(attributes.get("s", "0") or 0)
            found.last_column = max(found.last_column, column)
        elif path == ("sheetData", "row"):
            row, column = row_number(attributes["r"]) if "r" in attributes else row + 1, 0
            found.rows[row] = RowPlace(at)
        elif path == ("sheetData",):
            found.data = at, at
        elif path == ("cols", "col"):
            first, last = (int(attributes.get(name, "0") or 0) for name in ("min", "max"))
            found.formatted.append((first, last, attributes.get("hidden", "0") in ("1", "true")))
        elif path == ("mergeCells", "mergeCell"):
            found.last_column = max(found.last_column, parse_address(attributes.get("ref", "A1")).right)

    def end(name: str) -> None:
        path = tuple(here[1:])
        here.pop()
        if path == ("sheetData", "row"):
            found.rows[row].end = parser.CurrentByteIndex
        elif path == ("sheetData",):
            found.data = found.data[0], parser.CurrentByteIndex
        elif path == ("cols",):
            found.columns_end = parser.CurrentByteIndex

    parser = make_parser(start, end, lambda text: None)
    parse(parser, sheet, budget)
    return found
