"""Measurements as a workbook: charts first, then the tables they show. A number that is changed there moves its line.

Cells hold numbers, texts, or live formulas (texts that start with "="), in which {row} is the row of the cell.
"""

from __future__ import annotations

import os
from math import isfinite
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from openpyxl import Workbook
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from ..texts import chart_text, sheet_title
from .saving import write_workbook
from .style import Styles, use_our_font, write_number

COLORS = ("2F4B7C", "E07A1F", "2E8B57", "B0413E", "7B5EA7", "8C6D46", "4AA3C7", "6B7785")  # of the lines, in order
CHART_COLUMNS, CHART_ROWS = 8, 20  # cells that one chart covers, the gap included
FIRST = 4  # the first row of numbers in a table: below title, note and head


class Table(NamedTuple):
    """A sheet of its own: a row of names, and rows of cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    below: Sequence[Sequence[Any]] = ()  # lines after a gap: a label, then cells
    formats: Sequence[str] = ()  # of the columns, where the numbers do not say it themselves


class Curve(NamedTuple):
    """Column y of a table over column x."""

    label: str
    table: str
    x: str
    y: str
    dots: bool = True  # a dot at each number; else a line alone
    first: int = 0  # rows of the table, counted from 0
    last: Optional[int] = None


class CurveChart(NamedTuple):
    title: str
    x: str
    y: str
    lines: Sequence[Curve]
    log_x: bool = False
    log_y: int = 0  # the base of a logarithmic axis: 10, or 2 where the numbers span less
    least: Optional[float] = None  # where the y axis begins
    most: Optional[float] = None  # and ends


def write_curves(
    path: Union[str, os.PathLike[str]],
    title: str,
    notes: Sequence[str],
    charts: Sequence[CurveChart],
    tables: Sequence[Table],
    overwrite: Optional[bool] = None,
) -> Path:
    """Write the workbook. Raises ValueError for a name that is not .xlsx, FileExistsError for a file that somebody has
    worked in unless overwrite=True, OSError where it cannot be written."""
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"{os.fspath(path)!r} is not an .xlsx name; give one, such as 'run.xlsx'")
    workbook = Workbook()
    use_our_font(workbook)
    front = workbook.active
    front.title = "Charts"
    styles = Styles(workbook)
    sheets = {table.title: _table(workbook, styles, table) for table in tables}
    _text(front, styles, 1, 1, title, "title")
    for row, note in enumerate(notes, start=2):
        _text(front, styles, row, 1, note, "text")
    _printed(front)
    for place, chart in enumerate(charts):
        row = 3 + len(notes) + place // 2 * CHART_ROWS
        anchor = f"{get_column_letter(1 + place % 2 * CHART_COLUMNS)}{row}"
        front.add_chart(_chart(chart, {table.title: table for table in tables}, sheets), anchor)
    workbook.active = 0
    write_workbook(workbook, path, overwrite)
    return path


def _printed(sheet: Any) -> None:
    """As wide as a page."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", 9, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _table(workbook: Workbook, styles: Styles, table: Table) -> Any:
    sheet = workbook.create_sheet(sheet_title(table.title, workbook.sheetnames))
    _text(sheet, styles, 1, 1, table.title, "title")
    _text(sheet, styles, 2, 1, table.note, "note")
    for place, name in enumerate(table.columns, start=1):
        _text(sheet, styles, FIRST - 1, place, name, "head")
        texts = [str(row[place - 1]) for row in table.rows if isinstance(row[place - 1], str)]
        widest = max((len(text) for text in texts if not text.startswith("=")), default=0)
        sheet.column_dimensions[get_column_letter(place)].width = min(60, max(13, len(name) + 4, widest + 2))
    for number, row in enumerate(table.rows, start=FIRST):
        for place, value in enumerate(row, start=1):
            _cell(sheet, styles, number, place, value, table.formats[place - 1] if table.formats else "")
    for number, row in enumerate(table.below, start=FIRST + len(table.rows) + 1):
        for place, value in enumerate(row, start=1):
            _cell(sheet, styles, number, place, value, "", "text" if isinstance(value, str) and place == 1 else "live")
    sheet.freeze_panes = f"A{FIRST}"
    _printed(sheet)
    return sheet


def _cell(sheet: Any, styles: Styles, row: int, column: int, value: Any, format: str, style: str = "live") -> None:
    if value is None:
        return
    if isinstance(value, str) and value.startswith("="):
        cell = styles.put(sheet.cell(row, column), style, format or "General")
        cell.value = value.replace("{row}", str(row))
    elif isinstance(value, str):
        _text(sheet, styles, row, column, value, "text" if style == "text" else "cell")
    else:
        shown = format or ("#,##0" if isinstance(value, int) else _format(value))
        write_number(styles.put(sheet.cell(row, column), style, shown), value)


def _format(value: float) -> str:
    return "0.000000" if value == 0 or not isfinite(value) or 1e-3 <= abs(value) < 1e6 else "0.000E+00"


def _text(sheet: Any, styles: Styles, row: int, column: int, value: str, style: str) -> None:
    """Text, which never becomes a formula."""
    styles.text(sheet.cell(row, column), value, style)


def _chart(chart: CurveChart, tables: Dict[str, Table], sheets: Dict[str, Any]) -> ScatterChart:
    drawn = ScatterChart()
    drawn.style = 13
    drawn.title = chart_text(chart.title)
    drawn.width, drawn.height = 15.5, 9.2  # cm
    drawn.x_axis.title, drawn.y_axis.title = chart_text(chart.x), chart_text(chart.y)
    drawn.x_axis.delete = drawn.y_axis.delete = False  # openpyxl would hide both
    drawn.x_axis.number_format = drawn.y_axis.number_format = "General"
    drawn.x_axis.tickLblPos = drawn.y_axis.tickLblPos = "low"  # outside, where values are negative or logarithmic too
    for axis, base in ((drawn.x_axis, 10 * chart.log_x), (drawn.y_axis, chart.log_y)):
        axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9DEE3"))
        if base:
            axis.scaling.logBase = base
            axis.crosses = "min"
    if chart.log_x:
        drawn.x_axis.number_format = "0E+00"
    drawn.y_axis.scaling.min, drawn.y_axis.scaling.max = chart.least, chart.most
    drawn.legend.position = "b"
    for place, line in enumerate(chart.lines):
        drawn.series.append(_series(line, tables[line.table], sheets[line.table], COLORS[place % len(COLORS)]))
    if len(chart.lines) == 1:
        drawn.legend = None  # the title says it
    return drawn


def _series(line: Curve, table: Table, sheet: Any, color: str) -> Series:
    last = FIRST + (len(table.rows) if line.last is None else line.last) - 1
    columns: List[str] = list(table.columns)
    x, y = (
        Reference(sheet, min_col=columns.index(name) + 1, min_row=FIRST + line.first, max_row=last)
        for name in (line.x, line.y)
    )
    series = Series(y, x, title=chart_text(line.label))
    series.graphicalProperties.line.solidFill = color
    series.graphicalProperties.line.width = 22_000  # in 1/12,700 point
    series.smooth = False
    series.marker.symbol = "circle" if line.dots else "none"
    if line.dots:
        series.marker.size = 5
        series.marker.graphicalProperties = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=color))
    return series
