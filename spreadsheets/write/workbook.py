"""A plan, written: sheet by sheet and row by row, so that memory does not grow with the workbook."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

from openpyxl import Workbook
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break

from ..layout import column
from ..plan.sheet import Chart, Plan, PlannedSheet, Prompt
from ..texts import chart_text
from ..waiting import waiting
from .saving import write_workbook
from .sheet_xml import PlannedWorksheet
from .style import HEADING, LINE, Styles, use_our_font


def write_plan(
    plan: Plan,
    path: Union[str, os.PathLike[str]],
    overwrite: Optional[bool] = None,
    progress: Optional[bool] = None,
) -> None:
    """Write the workbook whole or not at all. OSError where the file cannot be written, FileExistsError where a file is
    kept (see saving.py). progress: whether a line shows how far it is (see waiting.py)."""
    workbook = Workbook(write_only=True)
    use_our_font(workbook)
    styles = Styles(workbook)
    with waiting("cells", sum(sheet.cells for sheet in plan.sheets), progress) as advance:
        for sheet in plan.sheets:
            written = PlannedWorksheet(workbook, sheet, styles, advance)
            workbook._sheets.append(written)
            set_up(written, sheet)
        workbook.active = 0
        write_workbook(workbook, path, overwrite)


def set_up(written: Any, sheet: PlannedSheet) -> None:
    """All of a sheet but its cells and their colours."""
    written.sheet_view.showGridLines = False
    written.protection.sheet = sheet.protected  # without a password: a guard against slips, not a lock
    written.protection.formatColumns = False
    written.protection.formatCells = False
    written.page_setup.orientation, written.page_setup.paperSize = "landscape", 9
    written.page_setup.fitToHeight = 0
    written.sheet_properties.pageSetUpPr.fitToPage = True
    written.print_options.horizontalCentered = False
    margins = written.page_margins
    margins.left = margins.right = margins.top = margins.bottom = 0.5
    if sheet.paper is not None:
        written.page_setup.orientation = "landscape" if sheet.paper.landscape else "portrait"
        written.sheet_properties.pageSetUpPr.fitToPage = False  # which would take no notice of breaks
        written.page_setup.scale = sheet.paper.scale
        margins.left = margins.right = margins.top = 0.39
        margins.bottom, margins.footer = 0.6, 0.3
    for row in sheet.breaks:
        written.row_breaks.append(Break(id=row))
    for part, text in zip(("left", "center", "right"), sheet.footer):
        if text:
            getattr(written.oddFooter, part).text = text
            getattr(written.oddFooter, part).size = 8
    if sheet.hidden:
        written.sheet_state = "hidden"
    if sheet.freeze:
        written.freeze_panes = sheet.freeze
    if sheet.repeated_rows:
        written.print_title_rows = sheet.repeated_rows
    for number, width in sheet.widths.items():
        written.column_dimensions[column(number)].width = width
    for number in sheet.hidden_columns:
        written.column_dimensions[column(number)].hidden = True
    for number, height in sheet.heights.items():
        written.row_dimensions[number].height = height
    written.sheet_properties.outlinePr.summaryBelow = False
    for number in sheet.folded:
        written.row_dimensions[number].outlineLevel, written.row_dimensions[number].hidden = 1, True
        if number - 1 not in sheet.folded:
            written.row_dimensions[number - 1].collapsed = True
    for cells in sheet.merged:
        written.merged_cells.ranges.add(CellRange(cells))
    for prompt in sheet.prompts:
        written.data_validations.append(validation(prompt))
    for chart in sheet.charts:
        written.add_chart(drawn(written, chart), chart.anchor)


def drawn(written: Any, chart: Chart) -> ScatterChart:
    """The chart; a number that changes in its columns moves the line."""
    made = ScatterChart(scatterStyle="lineMarker")
    made.style, made.title, made.width, made.height = 13, chart_text(chart.title), 17.0, 9.0  # cm
    made.x_axis.delete = made.y_axis.delete = False  # openpyxl would hide both
    made.x_axis.number_format, made.y_axis.number_format = "0", "General"
    made.x_axis.majorGridlines = None
    made.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=LINE))
    made.legend = None if len(chart.lines) == 1 else made.legend
    x = Reference(written, min_col=chart.x, min_row=chart.top, max_row=chart.bottom)
    for number in chart.lines:
        values = Reference(written, min_col=number, min_row=chart.top - 1, max_row=chart.bottom)
        series = Series(values, x, title_from_data=True)
        series.smooth, series.marker.symbol = False, "circle"
        series.graphicalProperties.line.solidFill = HEADING
        series.marker.graphicalProperties = GraphicalProperties(solidFill=HEADING)
        made.series.append(series)
    return made


def validation(prompt: Prompt) -> DataValidation:
    rule = DataValidation(
        type="decimal", operator="between", formula1="-1E+308", formula2="1E+308", errorStyle="warning"
    )
    rule.errorTitle, rule.error = (
        "Not a number",
        "This cell wants a number; the formulas that use it will show an error.",
    )
    rule.promptTitle, rule.prompt = prompt.title, prompt.text
    for cells in prompt.cells:
        rule.add(cells)
    return rule
