"""What the sheets for a teacher have in common in their looks."""

from __future__ import annotations

from copy import copy
from typing import Any

from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.properties import PageSetupProperties

from ..write.style import fill

A4 = 9


def tint(cell: Any, color: str) -> None:
    """Another background, for this cell alone: those of one style share it."""
    cell._style = copy(cell._style)
    cell.fill = fill(color)


def aligned(cell: Any, **how: Any) -> None:
    cell._style = copy(cell._style)  # which it shares with others
    cell.alignment = Alignment(**how)


def wrap(cell: Any) -> None:
    """Long texts in several lines, with a little air to the numbers before it."""
    aligned(cell, horizontal="left", wrap_text=True, vertical="top", indent=1)


def words(cell: Any) -> None:
    """A short text after a column of numbers."""
    aligned(cell, horizontal="left", vertical="center", indent=1)


def to_the_right(cell: Any) -> None:
    """A number, with a little air to the next column."""
    aligned(cell, horizontal="right", vertical="center", indent=1)


def bold(cell: Any) -> None:
    cell._style = copy(cell._style)
    cell.font = Font(name=cell.font.name, size=cell.font.size, color=cell.font.color, bold=True)


def on_top(cell: Any) -> None:
    """A number beside texts of several lines."""
    aligned(cell, horizontal="right", vertical="top", indent=1)


def upright(cell: Any) -> None:
    """A long name over a narrow column."""
    aligned(cell, text_rotation=90, horizontal="center", vertical="bottom")


def head_of_numbers(cell: Any) -> None:
    """Over its column, whose numbers stand at the right."""
    aligned(cell, horizontal="right", vertical="center", wrap_text=True, indent=1)


def for_print(sheet: Any, wide: int = 1) -> None:
    """As wide as a sheet of A4, on its side, or as several of them."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", A4, 0
    sheet.page_setup.fitToWidth = wide
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for side in ("left", "right", "top", "bottom"):
        setattr(sheet.page_margins, side, 0.4)
