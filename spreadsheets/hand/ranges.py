"""The cells of a range as a person means it: merged cells are one cell, and several ranges are slices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple, Union

from ..address import Area, cell_name, parse_address, quote_title
from ..errors import WorkbookError
from ..read.workbook import Book

Position = Tuple[int, int]
Address = Union[str, Sequence[str]]
_COMMA = re.compile(r",(?=(?:[^']*'[^']*')*[^']*$)")  # outside of quoted titles
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Za-z0-9:$]{2,40})["']""")
MOST_CELLS = 5_000_000


@dataclass(frozen=True)
class Range:
    """A rectangle of cells of one sheet, row by row."""

    sheet: str
    rows: Tuple[Tuple[Position, ...], ...]
    text: str  # as it was written

    @property
    def shape(self) -> Tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    def turned(self) -> Range:
        """Rows for columns."""
        return Range(self.sheet, tuple(zip(*self.rows)), self.text)

    def cells(self) -> List[Position]:
        return [cell for row in self.rows for cell in row]


class Ranges:
    """Of one workbook; `sheet` is the one that addresses without a title mean."""

    def __init__(self, book: Book, sheet: Optional[str] = None) -> None:
        self.book = book
        self.sheet = book[sheet].title if sheet is not None else None
        self._merged: Dict[str, List[Area]] = {}

    def read(self, address: Address) -> List[Range]:
        """The ranges of `"B2:D4"`, `"B2:D4, F2:H4"` or a list. ValueError for what is no address, WorkbookError for a
        sheet that is not there."""
        texts = [address] if isinstance(address, str) else list(address)
        parts = [part.strip() for text in texts for part in _COMMA.split(text)]
        return [self._range(part) for part in parts]

    def block(self, address: str) -> Area:
        block = parse_address(address)
        if block.sheet is None and self.sheet is not None:
            return block._replace(sheet=self.sheet)
        return self.book.block(block)

    def _range(self, text: str) -> Range:
        block = self.block(text)
        title = str(block.sheet)
        rows, columns = block.shape
        if rows * columns > MOST_CELLS:
            raise WorkbookError(f"{self.book.path}: {text} has {rows * columns:,} cells; give the block that is filled")
        areas = [area for area in self.merged(title) if _overlap(area, block)]
        for area in areas:
            if _holds(area, block):
                return Range(title, (((area.top, area.left),),), text)
        covered = {cell for area in areas for cell in area.cells() if cell != (area.top, area.left)}
        grid = [
            tuple((row, column) for column in range(block.left, block.right + 1) if (row, column) not in covered)
            for row in range(block.top, block.bottom + 1)
        ]
        grid = [row for row in grid if row]
        if not grid or len({len(row) for row in grid}) > 1:
            raise WorkbookError(
                f"{self.book.path}: {quote_title(title)}!{text} is no block of rows and columns, as some of its cells "
                "are merged; give the parts, with commas between"
            )
        return Range(title, tuple(grid), text)

    def merged(self, title: str) -> List[Area]:
        """The merged areas of a sheet."""
        if title not in self._merged:
            data = self.book.package.read(self.book.package.sheets[title])
            end = max(data.rfind(b"sheetData>"), data.rfind(b"sheetData/>"), 0)
            found = [match.decode() for match in _MERGED.findall(data, end)]
            self._merged[title] = [parse_address(reference) for reference in found]
        return self._merged[title]


def name_of(sheet: str, position: Position, several_sheets: bool) -> str:
    cell = cell_name(*position)
    return f"{quote_title(sheet)}!{cell}" if several_sheets else cell


def _overlap(a: Area, b: Area) -> bool:
    return a.top <= b.bottom and b.top <= a.bottom and a.left <= b.right and b.left <= a.right


def _holds(a: Area, b: Area) -> bool:
    return a.top <= b.top and b.bottom <= a.bottom and a.left <= b.left and b.right <= a.right
