"""The formulas that a person typed into blanks, worked out again: the result that a file stores is only believed."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ..formulas.box import Box
from ..formulas.evaluate import Evaluator, Value
from ..formulas.syntax import Place, SyntaxProblem, parse_formula
from ..read.workbook import Cell

DEEPEST = 200  # formulas that refer to formulas


class OwnFormulas:
    """`strict`: a result that cannot be worked out here does not count; else the stored one is taken."""

    def __init__(self, book: Any, strict: bool) -> None:
        self.book, self.strict = book, strict
        self._known: Dict[Tuple[str, int, int], Optional[float]] = {}
        self._open: Dict[Tuple[str, int, int], None] = {}

    def number(self, sheet: str, row: int, column: int) -> Optional[float]:
        """The number of a cell with a formula, or None."""
        place = sheet, row, column
        if place not in self._known:
            self._known[place] = self._calculated(place)
        return self._known[place]

    def _calculated(self, place: Tuple[str, int, int]) -> Optional[float]:
        cell = self._cell(place)
        if place in self._open or len(self._open) > DEEPEST:
            return None if self.strict else cell.number
        self._open[place] = None
        try:
            value = Evaluator(lambda other: self._value(place[0], other)).value(parse_formula(cell.formula or ""))
        except SyntaxProblem:
            return None if self.strict else cell.number
        except (ArithmeticError, ValueError):
            return None
        finally:
            self._open.pop(place, None)
        if isinstance(value, bool):
            return None
        return value.at if isinstance(value, Box) else None

    def _value(self, sheet: str, place: Place) -> Value:
        at = place.sheet or sheet, place.row, place.column
        if at[0] not in self.book:
            raise ValueError(f"there is no sheet {at[0]!r}")
        cell = self._cell(at)
        if cell.has_formula:
            number = self.number(*at)
            if number is None and cell.kind == "text":
                return str(cell.value)
            if number is None:
                raise ValueError("a formula that gives no number")
            return Box.exact(number)
        if cell.kind == "blank":
            return None
        if cell.kind == "boolean":
            return bool(cell.value)
        return Box.exact(cell.number) if cell.number is not None and cell.kind == "number" else str(cell.value)

    def _cell(self, place: Tuple[str, int, int]) -> Cell:
        found: Cell = self.book[place[0]][place[1], place[2]]
        return found
