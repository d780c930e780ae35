"""How a workbook looks: one font, few colours, each with one meaning.

yellow: yours to change · white: a live formula · pale blue: what the framework computed · green and red: right and
wrong
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils.indexed_list import IndexedList
from openpyxl.worksheet.worksheet import Worksheet

from ..texts import cell_text

FONT = "Arial"  # named everywhere: without a name LibreOffice falls back to a serif face
INK, GREY, LINE = "1F2933", "6B7785", "CBD2D9"
YELLOW, BLUE, BLUE_INK = "FFF8D6", "E8EEF7", "1F4E9E"
GREEN, GREEN_INK, RED, RED_INK = "C6EFCE", "0B6B2E", "FFC7CE", "9C0006"
GIVEN = "F3F4F6"
AMBER, ORANGE = "FFE9B8", "FFD9A0"
HEADING, PART = "2F4B7C", "EEF2F7"

THIN = Side(style="thin", color=LINE)
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)


def fill(color: str) -> PatternFill:
    return PatternFill("solid", start_color=color, end_color=color)


def _font(size: int = 10, color: str = INK, **how: Any) -> Font:
    return Font(name=FONT, size=size, color=color, **how)


RIGHT, CENTER, WRAP = (
    Alignment(horizontal="right"),
    Alignment(horizontal="center"),
    Alignment(wrap_text=True, vertical="top"),
)
UNLOCKED = Protection(locked=False)

# name -> the attributes of a cell
STYLES: Dict[str, Dict[str, Any]] = {
    "text": {"font": _font()},
    "wrapped": {"font": _font(), "alignment": WRAP},
    "note": {"font": _font(9, GREY)},
    "title": {"font": _font(16, HEADING, bold=True)},
    "heading": {"font": _font(11, HEADING, bold=True), "border": Border(bottom=Side(style="medium", color=HEADING))},
    "caption": {"font": _font(9, GREY, bold=True)},
    "maths": {"font": _font(11, INK, italic=True)},
    "strong": {"font": _font(10, INK, bold=True)},
    "link": {"font": _font(10, BLUE_INK, underline="single")},
    "index": {"font": _font(9, GREY), "alignment": CENTER},
    "row_index": {"font": _font(9, GREY), "alignment": RIGHT},
    "head": {
        "font": _font(10, "FFFFFF", bold=True),
        "fill": fill(HEADING),
        "alignment": Alignment(vertical="center", indent=1),
    },
    "cell": {"font": _font(), "border": Border(bottom=THIN)},
    "cell_link": {"font": _font(10, BLUE_INK, underline="single"), "border": Border(bottom=THIN)},
    "part": {"font": _font(10, HEADING, bold=True), "fill": fill(PART), "border": Border(bottom=THIN)},
    "part_words": {"font": _font(10, GREY), "fill": fill(PART), "border": Border(bottom=THIN)},
    "number": {"font": _font(10, GREY), "border": Border(bottom=THIN), "alignment": CENTER},
    "step": {"font": _font(10, GREY), "alignment": CENTER},
    "status": {"font": _font(10, INK, bold=True), "border": Border(bottom=THIN), "alignment": CENTER},
    "verdict": {"font": _font(14, INK, bold=True), "alignment": Alignment(vertical="center", indent=1)},
    "input": {"font": _font(), "fill": fill(YELLOW), "border": BOX, "protection": UNLOCKED},
    "sample": {"font": _font(), "fill": fill(YELLOW), "border": BOX},  # an input's colour in a legend
    "blank": {"font": _font(), "border": BOX, "protection": UNLOCKED},
    "live": {"font": _font(), "border": BOX},
    "helper": {"font": _font(10, GREY), "border": BOX},
    "framework": {"font": _font(10, BLUE_INK), "fill": fill(BLUE), "border": BOX},
    "difference": {"font": _font(9, GREY), "border": BOX},
    "right": {"font": _font(10, GREEN_INK), "fill": fill(GREEN), "border": BOX},
    "wrong": {"font": _font(10, RED_INK), "fill": fill(RED), "border": BOX},
    "rule": {"font": _font(10, HEADING)},
    "name_left": {"font": _font(10, INK), "alignment": Alignment(horizontal="right", indent=1)},
    "row_name": {"font": _font(10, INK, bold=True), "alignment": Alignment(horizontal="right", indent=1)},
    "name": {"font": _font(10), "border": Border(bottom=THIN), "protection": UNLOCKED},
    "learner": {"font": _font(10), "protection": UNLOCKED},
    "given": {"font": _font(), "border": BOX, "fill": fill(GIVEN)},
    "echo": {"font": _font(10, GREY), "border": BOX},
    "mark": {"font": _font(10, GREY), "alignment": CENTER, "protection": Protection(locked=True, hidden=True)},
    "key": {"font": _font(9, GREY)},
}


# a look of Colour -> fill and ink
LOOKS: Dict[str, Tuple[str, Optional[str]]] = {
    "right": (GREEN, GREEN_INK),
    "wrong": (RED, RED_INK),
    "open": (AMBER, None),
    "changed": (ORANGE, None),  # an input that was changed since the export
    "empty": (YELLOW, None),
}


def use_our_font(workbook: Workbook) -> None:
    """Make it that of the workbook too: the widths of columns are counted in its digits."""
    workbook._fonts = IndexedList([_font()])
    workbook._named_styles["Normal"].font = _font()


class Styles:
    """The styles of one workbook, each made once and shared by its cells (a style per cell is twice as slow)."""

    def __init__(self, workbook: Workbook) -> None:
        self._sheet = Worksheet(workbook)  # not part of the workbook: only to make cells with styles of its tables
        self._made: Dict[Tuple[str, Optional[str]], Any] = {}
        self._colours: Dict[str, int] = {}

    def array(self, name: str, number_format: Optional[str] = None) -> Any:
        """The style array of a cell that looks like `name`; assign it to `cell._style`."""
        key = name, number_format
        if key not in self._made:
            cell = Cell(self._sheet, 1, 1)
            for attribute, value in STYLES[name].items():
                setattr(cell, attribute, value)
            if number_format is not None:
                cell.number_format = number_format
                if "alignment" not in STYLES[name]:
                    cell.alignment = RIGHT
            self._made[key] = cell._style
        return self._made[key]

    def colour(self, look: str) -> int:
        """The number of the format that a cell takes on by a condition."""
        if look not in self._colours:
            back, ink = LOOKS[look]
            style = DifferentialStyle(font=Font(color=ink) if ink else None, fill=fill(back))
            self._colours[look] = self._sheet.parent._differential_styles.add(style)
        return self._colours[look]

    def put(self, cell: Any, name: str, number_format: Optional[str] = None) -> Any:
        cell._style = self.array(name, number_format)
        return cell

    def text(self, cell: Any, value: str, name: str, number_format: Optional[str] = None) -> Any:
        """Text, which never becomes a formula, a number or another character, whatever it looks like."""
        cell._style = self.array(name, number_format)
        cell._value, cell.data_type = cell_text(value), "s"
        return cell


def write_number(cell: Any, value: Any) -> None:
    """Exactly: a double read back is the same double. NaN and infinities, which no cell can hold, become text."""
    if value != value or value in (float("inf"), float("-inf")):
        cell._value, cell.data_type = ("nan" if value != value else "inf" if value > 0 else "-inf"), "s"
    else:
        cell._value, cell.data_type = repr(value), "n"
