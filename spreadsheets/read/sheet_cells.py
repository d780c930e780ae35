"""The cells of one sheet as they stand in its XML, with the place of each, in one pass.

Formula and calculated value stand side by side in a `<c>` element, so one pass gives both. A cell is a `c` in a `row`
in the `sheetData` of the `worksheet`, all of them of the format's own namespace; any other is shown to nobody, so it is
not read. What programs would read in different ways, such as two values in a cell, is refused. The byte positions are
what a calculated value needs to be put in place without touching anything else.
"""

from __future__ import annotations

from array import array
from typing import BinaryIO, Callable, Dict, List, NamedTuple, Optional, Union

from ..address import MAX_COLUMN, MAX_ROW, cell_name, column_number
from .xml_events import (
    MAX_DEPTH,
    SPREADSHEET,
    Attributes,
    Budget,
    Names,
    XmlError,
    XmlLimit,
    as_written,
    check_length,
    make_parser,
    parse,
    too_deep,
)


class RawCell(NamedTuple):
    """One `<c>` element that holds something, or is part of an array formula's result."""

    row: int
    column: int
    type: str  # n number, s shared text, str text, b boolean, e error, d date, inlineStr
    text: Optional[str]  # of <v> or <is>
    formula: Optional[str]  # None: no <f>
    formula_attributes: Attributes
    style: str  # the number of its format in the styles part
    start: int  # of `<c`, in bytes
    value_start: int  # where <v> stands, or would stand
    value_end: int


MAX_CELLS = 8_000_000  # of one sheet, most of which hold nothing: reading.MAX_CELLS bounds the others

_DIGITS = "0123456789"
_NONE: Attributes = {}
_OF_CELLS = frozenset(("sheetData", "row", "c", "f", "v", "is"))


def scan_cells(
    source: Union[bytes, BinaryIO], on_cell: Callable[[RawCell], None], budget: Optional[Budget] = None
) -> None:
    """Call `on_cell` for every cell of a sheet part, in document order; raises XmlError.

    Byte positions of values are given only where `source` is bytes.
    """
    data = source if isinstance(source, bytes) else b""
    names = Names(SPREADSHEET)
    columns: Dict[str, int] = {}  # letters -> number
    closings: Dict[str, bytes] = {}
    places = array("Q")  # of all cells
    in_order, has_data = True, False
    depth = 0
    skipped = 0  # the depth of an element that holds no cells, while inside it; 0 outside
    extension = 0  # the same of an extLst, in which anything may stand
    declared = row = column = 0
    kind, style = "n", "0"
    formula: Optional[str] = None
    formula_attributes = _NONE
    value: Optional[str] = None
    pieces: List[str] = []
    keep = False  # are these characters part of a formula or a value?
    start_at = value_start = value_end = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal in_order, has_data, depth, skipped, extension, declared, row, column, style, kind
        nonlocal formula, formula_attributes, value, keep, start_at, value_start, value_end
        depth += 1
        tag = names[name]
        if skipped:
            pass
        elif depth == 4 and tag == "c":
            kind = attributes.get("t", "n")
            style = attributes.get("s", "0")
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
                what = repr(reference or (row, column))[:60]
                raise XmlError(f"it has a cell {what}, which is outside any sheet")
            if declared and row != declared:
                raise XmlError(f"it has a cell {reference!r:.60} in row {declared}")
            place = row << 14 | column - 1
            in_order = in_order and (not places or place > places[-1])
            places.append(place)
            if len(places) > MAX_CELLS:
                raise XmlLimit(f"it has more than {MAX_CELLS:,} cells, most of them blank")
            formula = value = None
            formula_attributes = _NONE
            start_at = parser.CurrentByteIndex
            value_start = value_end = 0
            return
        elif depth == 5 and tag == "f" and formula is None:
            formula, formula_attributes, keep = "", attributes, True
            pieces.clear()
            return
        elif depth == 5 and tag in ("v", "is") and value is None:
            if (tag == "is") != (kind == "inlineStr"):
                kind = f"{kind} with <{tag}>"  # which programs do not read alike
            value_start = parser.CurrentByteIndex
            value, keep = "", tag == "v"
            pieces.clear()
            return
        elif depth == 6 and kind == "inlineStr" and tag in ("t", "r"):
            keep = tag == "t"
            return
        elif depth == 7 and kind == "inlineStr" and tag == "t":
            keep = True
            return
        elif depth == 3 and tag == "row":
            declared = row_number(attributes["r"]) if "r" in attributes else 0
            row = declared or row + 1
            column = 0
            return
        elif depth == 2 and tag == "sheetData" and not has_data:
            has_data = True
            return
        elif depth == 1:
            if tag != "worksheet":
                raise XmlError(f"it is a {tag!r:.100}, not a worksheet")
            return
        # What is left holds no cells; where it seems to, programs do not agree on what they show.
        if depth > MAX_DEPTH:
            raise too_deep()
        if tag in _OF_CELLS and not extension:
            where = f", in the cell {cell_name(row, column)}" if depth > 4 and column else ""
            raise XmlError(f"it has a <{tag}> where none belongs{where}")
        if tag == "extLst" and not extension:
            extension = depth
        skipped = skipped or depth

    def end(name: str) -> None:
        nonlocal depth, skipped, extension, value, formula, keep, value_start, value_end
        depth -= 1
        if skipped:
            if depth < extension:
                extension = 0
            if depth < skipped:
                skipped = 0
            return
        if depth == 3:
            on_cell(
                RawCell(row, column, kind, value, formula, formula_attributes, style, start_at, value_start, value_end)
            )
        elif depth == 4:
            if names[name] == "f":
                formula = "".join(pieces)
                if not value_end:
                    value_start = value_end = after(name)
            else:
                value = "".join(pieces)
                value_end = after(name)
            keep = False
        elif depth > 4:
            keep = False

    def after(name: str) -> int:
        """The position behind the element that just ended: expat stands at its end tag, or behind an empty one."""
        here = parser.CurrentByteIndex
        if not data:
            return here
        if name not in closings:
            closings[name] = f"</{as_written(name)}".encode()
        return data.index(b">", here) + 1 if data.startswith(closings[name], here) else here

    def text(characters: str) -> None:
        if keep and not skipped:
            pieces.append(characters)
            if len(pieces) > 1:
                check_length(pieces)

    parser = make_parser(start, end, text)
    parse(parser, source, budget)
    if not in_order:
        refuse_repeated(places)


def row_number(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise XmlError(f"it has a row {text[:40]!r}, which is not a number")
    return int(text)


def refuse_repeated(places: array[int]) -> None:
    """Raise XmlError where two cells have one address."""
    before = 0
    for place in sorted(places):
        if place == before:
            raise XmlError(f"it has two cells {cell_name(place >> 14, (place & 16_383) + 1)}")
        before = place
