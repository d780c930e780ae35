"""The cells of one sheet as they stand in its XML, with the place of each, in one pass.

Formula and calculated value stand side by side in a `<c>` element, so one pass gives both. The byte positions are what
a calculated value needs to be put in place without touching anything else.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional

from ..address import MAX_COLUMN, MAX_ROW, column_number
from .xml_events import Attributes, XmlError, local_name, make_parser, parse


class RawCell(NamedTuple):
    """One `<c>` element that holds something, or is part of an array formula's result."""

    row: int
    column: int
    type: str  # n number, s shared text, str text, b boolean, e error, d date, inlineStr
    text: Optional[str]  # of <v> or <is>
    formula: Optional[str]  # None: no <f>
    formula_attributes: Attributes
    start: int  # of `<c`, in bytes
    value_start: int  # where <v> stands, or would stand
    value_end: int


_DIGITS = "0123456789"
_NONE: Attributes = {}


def scan_cells(data: bytes, on_cell: Callable[[RawCell], None]) -> None:
    """Call `on_cell` for every cell of the sheet part `data`, in document order; raises XmlError."""
    columns: Dict[str, int] = {}  # letters -> number
    row = column = 0
    kind = "n"
    inside_cell = False
    formula: Optional[str] = None
    formula_attributes = _NONE
    value: Optional[str] = None
    pieces: List[str] = []
    keep = False  # are these characters part of a formula or a value?
    phonetic = False
    start_at = value_start = value_end = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal row, column, kind, inside_cell, formula, formula_attributes, value, keep, phonetic
        nonlocal start_at, value_start, value_end
        tag = name if ":" not in name else local_name(name)
        if tag == "c":
            inside_cell = True
            kind = attributes.get("t", "n")
            reference = attributes.get("r")
            if reference is None:
                column += 1
            else:
                letters = reference.rstrip(_DIGITS)
                if letters not in columns:
                    columns[letters] = column_number(letters)
                column = columns[letters]
                row = int(reference[len(letters) :][:8] or 0)
            if not (0 < row <= MAX_ROW and 0 < column <= MAX_COLUMN):
                raise XmlError(f"it has a cell {reference or (row, column)!r}, which is outside any sheet")
            formula = value = None
            formula_attributes = _NONE
            start_at = parser.CurrentByteIndex
            value_start = value_end = 0
        elif tag == "row":
            try:
                row = int(attributes["r"]) if "r" in attributes else row + 1
            except ValueError:
                raise XmlError(f"it has a row {attributes['r']!r}, which is not a number") from None
            column = 0
        elif not inside_cell:
            return
        elif tag == "f":
            formula, formula_attributes, keep = "", attributes, True
            pieces.clear()
        elif tag == "v":
            value_start = parser.CurrentByteIndex
            keep = True
            pieces.clear()
        elif tag == "is":
            value_start = parser.CurrentByteIndex
            pieces.clear()
        elif tag == "rPh":
            phonetic = True
        elif tag == "t":
            keep = not phonetic

    def end(name: str) -> None:
        nonlocal inside_cell, formula, value, keep, phonetic, value_start, value_end
        if not inside_cell:
            return
        tag = name if ":" not in name else local_name(name)
        if tag == "c":
            inside_cell = False
            on_cell(RawCell(row, column, kind, value, formula, formula_attributes, start_at, value_start, value_end))
        elif tag == "f":
            formula, keep = "".join(pieces), False
            if not value_end:
                value_start = value_end = after(name)
        elif tag in ("v", "is"):
            value, keep = "".join(pieces), False
            value_end = after(name)
        elif tag == "rPh":
            phonetic = False
        elif tag == "t":
            keep = False

    def after(name: str) -> int:
        """The position behind the element that just ended: expat stands at its end tag, or behind an empty one."""
        here = parser.CurrentByteIndex
        return data.index(b">", here) + 1 if data.startswith(b"</" + name.encode(), here) else here

    def text(characters: str) -> None:
        if keep:
            pieces.append(characters)

    parser = make_parser(start, end, text)
    parse(parser, data)
