"""The cells of a sheet in little memory: some 60 bytes each and the text of its formula, where an object for each takes
five times as much. What a cell holds is put together when it is asked for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..address import MAX_COLUMN

KINDS = ("blank", "number", "date", "text", "boolean", "error", "not calculated")
_NUMBER, _CODES = KINDS.index("number"), {kind: n for n, kind in enumerate(KINDS)}

Position = Tuple[int, int]  # (row, column), from 1
Fields = Tuple[Any, str, int, int, Any, str]  # value, kind, row, column, source, date


class CellStore:
    """Filled by `add`, then `finish`ed, then read by (row, column)."""

    def __init__(self) -> None:
        self._places = array("Q")  # row and column of each cell, in order
        self._kinds = bytearray()
        self._numbers = array("d")  # its value, or where that stands among the others
        self._others: List[Any] = []
        self._known: Dict[Any, int] = {}  # texts that many cells hold
        self._formulas = array("I")  # the number of its formula, 0 for none
        self._ends = array("Q", [0])  # of each formula in
        self._text = bytearray()
        self._sources: Dict[int, Any] = {}  # formulas that are no text, by their numbers
        self._dates: Dict[int, str] = {}  # place -> how it is shown
        self._rows: Dict[int, Tuple[int, int]] = {}  # row -> its first cell, and the one after its last

    def add(self, row: int, column: int, value: Any, kind: str, source: Any, date: str) -> None:
        place = row << 14 | column - 1
        self._places.append(place)
        self._kinds.append(_CODES[kind])
        if kind == "number":
            self._numbers.append(value)
        else:
            key = (type(value), value)
            where = self._known.setdefault(key, len(self._others))
            if where == len(self._others):
                self._others.append(value)
            self._numbers.append(where)
        self._formulas.append(self._number_of(source))
        if date:
            self._dates[place] = date

    def _number_of(self, source: Any) -> int:
        if source is None:
            return 0
        if isinstance(source, str):
            self._text += source.encode("utf-8", "surrogatepass")
        else:
            self._sources[len(self._ends)] = source
        self._ends.append(len(self._text))
        return len(self._ends) - 1

    def finish(self) -> None:
        """Put the cells in order, which they usually are, and note where each row is."""
        self._known.clear()
        places = self._places
        if any(a > b for a, b in zip(places, places[1:])):
            order = sorted(range(len(places)), key=places.__getitem__)
            for name in ("_places", "_numbers", "_formulas"):
                old = getattr(self, name)
                setattr(self, name, array(old.typecode, [old[n] for n in order]))
            self._kinds = bytearray(self._kinds[n] for n in order)
        first = 0
        while first < len(self._places):
            row = self._places[first] >> 14
            after = bisect_left(self._places, (row + 1) << 14, first)
            self._rows[row] = first, after
            first = after

    def get(self, position: Position) -> Optional[Fields]:
        row, column = position
        n = self._find(row, column)
        if n is None:
            return None
        return self._fields(n, row, column)

    def items(self) -> Iterator[Tuple[Position, Fields]]:
        """All cells in order, without looking for each."""
        for n, place in enumerate(self._places):
            row, column = place >> 14, (place & 16_383) + 1
            yield (row, column), self._fields(n, row, column)

    def _fields(self, n: int, row: int, column: int) -> Fields:
        kind, value, formula = self._kinds[n], self._numbers[n], self._formulas[n]
        content = value if kind == _NUMBER else self._others[int(value)]
        source = None
        if formula:
            source = self._sources.get(formula)
            if source is None:
                text = self._text[self._ends[formula - 1] : self._ends[formula]]
                source = text.decode("utf-8", "surrogatepass")
        date = self._dates.get(self._places[n], "") if self._dates else ""
        return content, KINDS[kind], row, column, source, date

    def _find(self, row: int, column: int) -> Optional[int]:
        here = self._rows.get(row)
        if here is None or not 0 < column <= MAX_COLUMN:
            return None
        place = row << 14 | column - 1
        n = bisect_left(self._places, place, *here)
        return n if n < here[1] and self._places[n] == place else None

    def set_source(self, position: Position, source: Any) -> None:
        """What a cell without a formula is computed by: an array formula of another."""
        n = self._find(*position)
        if n is not None and not self._formulas[n]:
            self._formulas[n] = self._number_of(source)

    def __contains__(self, position: Position) -> bool:
        return self._find(*position) is not None

    def __iter__(self) -> Iterator[Position]:
        return ((place >> 14, (place & 16_383) + 1) for place in self._places)

    def __len__(self) -> int:
        return len(self._places)
