"""The history of training runs as a workbook: line charts first, then a table for each run.

Behind every chart stands the table's own range, so a number that is changed there moves the line.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from openpyxl import Workbook
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from saitama.training.history import History, Row, columns

from ..texts import chart_text, sheet_title
from .saving import write_workbook
from .style import Styles, write_number

COLORS = ("2F4B7C", "E07A1F", "2E8B57", "B0413E", "7B5EA7", "8C6D46", "4AA3C7", "6B7785")  # of the lines, in order
TITLES = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "lr": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_s": "Tokens per second",
}
MOST_ROWS = 1_000_000  # a sheet of Excel has 1,048,576
CHART_COLUMNS, CHART_ROWS = 8, 19  # cells that one chart covers, the gap included

Table = Tuple[str, Any, List[str], int]  # run, sheet, columns, rows


def write_histories(
    runs: Mapping[str, History], path: Union[str, os.PathLike[str]], overwrite: Optional[bool] = None
) -> None:
    """Write tables and charts. One run: a chart for each quantity, training and validation as two lines. Several: a
    chart for each column, with a line for each run.

    Raises ValueError for a name that is not .xlsx or runs without rows, FileExistsError for a file that somebody has
    worked in unless overwrite=True, OSError where the file cannot be written.
    """
    if Path(path).suffix.lower() != ".xlsx":
        raise ValueError(f"History.export: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'run.xlsx'")
    if not any(history.epochs or history.steps for history in runs.values()):
        raise ValueError("History.export: there is nothing to write yet; train first")
    workbook = Workbook()
    front = workbook.active
    front.title = "Charts"
    styles = Styles(workbook)
    epochs = _tables(workbook, styles, "Epochs", {run: history.epochs for run, history in runs.items()})
    steps = _tables(workbook, styles, "Steps", {run: history.steps for run, history in runs.items()})
    styles.text(front.cell(1, 1), "History of training", "title")
    styles.text(front.cell(2, 1), "The charts show the tables on the other sheets: a line follows its numbers.", "text")
    front.sheet_view.showGridLines = False
    front.page_setup.orientation, front.page_setup.fitToHeight = "landscape", 0  # printed: as wide as a page
    front.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    place = 0
    for tables, counter, note in ((epochs, "epoch", ""), (steps, "step", " of each step" if epochs else "")):
        for title, lines in _charts(tables, counter, note).items():
            anchor = f"{get_column_letter(1 + place % 2 * CHART_COLUMNS)}{4 + place // 2 * CHART_ROWS}"
            front.add_chart(_chart(title, counter, lines), anchor)
            place += 1
    workbook.active = 0
    write_workbook(workbook, path, overwrite)


def _tables(workbook: Workbook, styles: Styles, title: str, runs: Dict[str, List[Row]]) -> List[Table]:
    """A sheet for each run that has rows."""
    tables: List[Table] = []
    for run, rows in runs.items():
        if rows:
            sheet = workbook.create_sheet(sheet_title(f"{title} {run}", workbook.sheetnames))
            shown = rows[:: -(-len(rows) // MOST_ROWS)]  # every second, third, ... row of what no sheet can hold
            names = columns(rows)
            _table(sheet, styles, names, shown)
            tables.append((run, sheet, names, len(shown)))
    return tables


def _table(sheet: Any, styles: Styles, names: List[str], rows: List[Row]) -> None:
    for place, name in enumerate(names, start=1):
        styles.text(sheet.cell(1, place), name.strip(), "head")
        sheet.column_dimensions[get_column_letter(place)].width = 16 if place > 1 else 9
    for number, row in enumerate(rows, start=2):
        for place, name in enumerate(names, start=1):
            value = row.get(name)
            if value is None:
                continue
            shown = "0" if isinstance(value, int) else _format(value)
            write_number(styles.put(sheet.cell(number, place), "live", shown), value)
    sheet.freeze_panes = "B2"


def _format(value: float) -> str:
    return "0.000000" if value == 0 or 1e-3 <= abs(value) < 1e6 else "0.000E+00"


def _charts(tables: List[Table], counter: str, note: str) -> Dict[str, List[Tuple[str, Table, str]]]:
    """Title -> its lines (label, table, column)."""
    charts: Dict[str, List[Tuple[str, Table, str]]] = {}
    for table in tables:
        run, _, names, _ = table
        for name in names:
            if name == counter:
                continue
            validation = name.startswith("val_")
            base = name[4:] if validation else name
            title = TITLES.get(base, base)
            if len(tables) > 1:
                title, label = f"{title} (validation)" if validation else title, run
            else:
                paired = f"val_{base}" in names
                label = "validation" if validation else "training" if paired else base
            title += note
            charts.setdefault(title, []).append((label, table, name))
    others = tuple(TITLES[name] for name in ("lr", "grad_norm", "tokens_per_s"))
    last = [title for title in charts if title.startswith(others)]
    return {title: charts[title] for title in [*(title for title in charts if title not in last), *last]}


def _chart(title: str, counter: str, lines: List[Tuple[str, Table, str]]) -> ScatterChart:
    """Lines over the counter, which is a number: every program finds round ones for the axis."""
    chart = ScatterChart(scatterStyle="lineMarker")  # which the format wants to be said; lines with marks, if any
    chart.style = 13
    chart.title = chart_text(title)
    chart.width, chart.height = 15.5, 8.8  # cm
    chart.x_axis.title = counter
    chart.x_axis.delete = chart.y_axis.delete = False  # openpyxl would hide both
    chart.y_axis.number_format = "General"
    chart.x_axis.number_format = "0"
    chart.x_axis.tickLblPos = "low"  # below the chart, where values are negative too
    chart.x_axis.majorGridlines = None
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9DEE3"))
    if title.startswith(TITLES["accuracy"]):
        chart.y_axis.scaling.max = 1
    chart.legend.position = "b"
    chart.display_blanks = "span"  # a line goes on across the steps at which nothing was measured
    if len(lines) == 1 and lines[0][0] == lines[0][2]:
        chart.legend = None  # the title says it
    chart.x_axis.scaling.min = 0
    chart.x_axis.scaling.max = max(sheet.cell(rows + 1, 1).value for _, (_, sheet, _, rows), _ in lines)
    for place, (label, (_, sheet, names, rows), name) in enumerate(lines):
        counts = Reference(sheet, min_col=1, min_row=2, max_row=rows + 1)
        values = Reference(sheet, min_col=names.index(name) + 1, min_row=2, max_row=rows + 1)
        series = Series(values, counts, title=chart_text(label))
        series.graphicalProperties.line.solidFill = COLORS[place % len(COLORS)]
        noisy = rows > 200 and not name.startswith("val_")  # a thick line would hide the others
        series.graphicalProperties.line.width = 9_525 if noisy else 22_000  # in 1/12,700 point
        series.smooth = False
        series.marker.symbol = "none" if rows > 1 else "circle"
        chart.series.append(series)
    return chart
