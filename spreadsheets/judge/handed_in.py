"""A worksheet that was handed in, seen through the exercise as it was handed out.

Graph, inputs, names and keys are those of the original, whatever the file that was handed in says; only the blanks hold
what was typed.
"""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Set

from ..errors import WorkbookError
from ..read.places import Carried
from ..read.workbook import Book, Cell, Position, Sheet


class HandedIn(Mapping[str, Sheet]):
    """Looks like the original workbook, but for the cells of its blanks."""

    def __init__(self, typed: Book, original: Book) -> None:
        self.typed, self.original = typed, original
        self.path, self.package = typed.path, typed.package  # with the names that its formulas may use
        self._blanks: Dict[str, Set[Position]] = {}
        self._mixed: Dict[str, Sheet] = {}

    def take_typed(self, carried: Carried) -> None:
        """From now on the blanks are those of the file that was handed in. WorkbookError where it is another file."""
        for places in carried.places.values():
            if places.typed is not None:
                cells = {(row, column) for _, row, column in places.typed.cells()}
                self._blanks.setdefault(places.sheet, set()).update(cells)
        if not self._blanks:
            raise WorkbookError(f"{self.original.path}: it has no blanks: give the exercise as it was handed out")
        for title in self._blanks:
            if title not in self.typed:
                raise WorkbookError(f"{self.path}: the sheet {title!r} of the exercise {self.original.path} is missing")
        self._mixed.clear()

    def __getitem__(self, title: str) -> Sheet:
        sheet = self.original[title]
        blanks = self._blanks.get(sheet.title)
        if not blanks:
            return sheet
        if sheet.title not in self._mixed:
            typed = self.typed[sheet.title]
            cells: Dict[Position, Cell] = {place: cell for place, cell in sheet.items() if place not in blanks}
            cells.update((place, typed[place]) for place in blanks if place in typed)
            self._mixed[sheet.title] = Sheet(sheet.title, cells)
        return self._mixed[sheet.title]

    def __iter__(self) -> Iterator[str]:
        return iter(self.original)

    def __len__(self) -> int:
        return len(self.original)

    def __contains__(self, title: object) -> bool:
        return title in self.original
