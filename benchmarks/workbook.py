"""The results of benchmarks as a workbook: a sheet for each with its table and charts, a summary, and the machine.

The bars of a chart grow from 1, where saitama is as fast as its fastest peer: green to the left where it is faster,
red to the right where it is slower. The axis is logarithmic, so twice as fast is as long as twice as slow.
"""

from __future__ import annotations

import math
from copy import copy
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties

from benchmarks.machine import Peaks
from benchmarks.report import Report, medians, missed, quartiles, rate, ratio, share
from benchmarks.roofline import add_roofline
from saitama.spreadsheets.write.saving import write_workbook
from saitama.spreadsheets.write.style import Styles

GREEN, RED, GRID = "2E8B57", "B0413E", "D9DEE3"
LINES = ("2F4B7C", "E07A1F", "2E8B57", "7B5EA7", "B0413E", "8C6D46")
NOTE = "Medians of the rounds; low and high hold the middle half. Ratio: saitama / its best peer, below 1 is better."
FIRST = 5  # row of a table's first result
TITLE = "Benchmarks of saitama"  # by which `compare` knows such a workbook
SPREAD = ("ours, median", "ours from", "ours to")  # saitama's own rounds, which `compare` reads


class Columns(NamedTuple):
    """Where things stand in a table: the case, the rivals, what they amount to, and apart what only charts read."""

    rivals: List[str]
    unit: str

    @property
    def ratio(self) -> int:
        return len(self.rivals) + 2

    @property
    def share(self) -> int:
        """Of the machine's peak: the last column that is printed."""
        return self.ratio + 7

    @property
    def spread(self) -> int:
        """The first of the three columns with our own rounds."""
        return self.share + 2

    @property
    def bars(self) -> int:
        """The first of the two columns behind the bars."""
        return self.spread + 4

    def heads(self) -> List[str]:
        tail = ["ratio", "low", "high", "best peer", "aim", "rate", "unit", "of peak"]
        return ["case", *(f"{name}, {self.unit}" for name in self.rivals), *tail]


def write(
    reports: List[Report], facts: Dict[str, str], peaks: Optional[Peaks], path: str, overwrite: Optional[bool] = None
) -> None:
    """Write the workbook. ValueError for a name that is not .xlsx; FileExistsError for one that somebody has worked in,
    unless overwrite=True."""
    if not path.lower().endswith(".xlsx"):
        raise ValueError(f"--output: {path!r} is not an .xlsx name; give one, such as benchmarks.xlsx")
    workbook = Workbook()
    styles = Styles(workbook)
    summary = workbook.active
    summary.title = "Summary"
    for report in reports:
        _module(workbook.create_sheet(report.name[:31]), styles, report, peaks)
    _summary(summary, styles, reports, facts)
    machine = workbook.create_sheet("Machine")
    _machine(machine, styles, facts, peaks)
    if peaks:
        add_roofline(machine, styles, peaks, [result for report in reports for result in report.results])
    for sheet in workbook:
        sheet.sheet_view.showGridLines = False
        sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0  # printed: as wide as a page
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    write_workbook(workbook, path, overwrite)


def row_of(sheet: Any, styles: Styles, row: int, values: List[Any], style: str = "cell", column: int = 1) -> None:
    """Write values side by side; None leaves a cell empty. (value, number format) formats it."""
    for place, value in enumerate(values, start=column):
        shown, number_format = value if isinstance(value, tuple) else (value, None)
        if shown is not None:
            styles.put(sheet.cell(row, place, shown), style, number_format)


def head(sheet: Any, styles: Styles, row: int, names: List[str], column: int = 1) -> None:
    """The line above a table: the first column is text, over the numbers the names are to the right."""
    for place, name in enumerate(names):
        cell = styles.put(sheet.cell(row, column + place, name), "head")
        if place:
            cell._style = copy(cell._style)  # which the other cells share
            cell.alignment = Alignment(horizontal="right", vertical="center")


def _module(sheet: Any, styles: Styles, report: Report, peaks: Optional[Peaks]) -> None:
    results = report.results
    columns = Columns(list(dict.fromkeys(name for result in results for name in result.times)), report.quantity.unit)
    row_of(sheet, styles, 1, [report.title], "title")
    row_of(sheet, styles, 2, [NOTE], "note")
    head(sheet, styles, FIRST - 1, columns.heads())
    head(sheet, styles, FIRST - 1, list(SPREAD), columns.spread)
    head(sheet, styles, FIRST - 1, ["faster", "slower"], columns.bars)
    for row, result in enumerate(results, start=FIRST):
        measured, found, speed = medians(result), ratio(result), rate(result)
        peak = peaks.of(result) if peaks else None
        scaled = {name: (value * report.quantity.scale, "#,##0.00") for name, value in measured.items()}
        compared: List[Any] = [None] * 4
        if found:
            compared = [(found.median, "0.00"), (found.low, "0.00"), (found.high, "0.00"), found.peer]
        row_of(sheet, styles, row, [result.case, *map(scaled.get, columns.rivals), *compared, (result.reach, "0.00")])
        if missed(result):
            styles.put(sheet.cell(row, columns.ratio), "wrong", "0.00")
        elif found and not found.slower:
            styles.put(sheet.cell(row, columns.ratio), "right", "0.00")
        if speed is not None:
            part = share(result, peak)
            of_peak = (part, "0%") if part is not None else None
            row_of(sheet, styles, row, [(speed, "0.0"), result.unit, of_peak], column=columns.ratio + 5)
        ours = [(value * report.quantity.scale, "#,##0.00") for value in quartiles(result)]
        row_of(sheet, styles, row, ours, "note", columns.spread)
        if found:  # the chart's two series
            styles.put(sheet.cell(row, columns.bars + found.slower, found.median), "note", "0.00")
    last = FIRST + len(results) - 1
    _widths(sheet, [max([20, *(len(result.case) for result in results)])] + [14] * 20)
    sheet.freeze_panes = sheet.cell(FIRST, 2)
    below = last + 2
    if report.mean is not None:
        letter = get_column_letter(columns.ratio)
        styles.put(sheet.cell(below, 1, "Geometric mean"), "strong")
        styles.put(sheet.cell(below, columns.ratio, f"=GEOMEAN({letter}{FIRST}:{letter}{last})"), "strong", "0.00")
        chart = _bars(sheet, columns, last, report)
        sheet.add_chart(chart, f"A{below + 2}")
        below += 4 + math.ceil(chart.height / 0.5)
    if report.points:
        below = _growth(sheet, styles, report, columns, below)
    sheet.row_breaks.append(Break(id=last + 3))  # the charts on a page of their own
    sheet.print_area = f"A1:{get_column_letter(columns.share)}{below}"


def _bars(sheet: Any, columns: Columns, last: int, report: Report) -> BarChart:
    """Bars from 1 to the ratio, one for each result, in the order of the table."""
    chart = BarChart()
    chart.type, chart.overlap, chart.gapWidth = "bar", 100, 40
    chart.title = f"{report.title}: saitama / its best peer"
    chart.width, chart.height = 26, max(7.0, 3.2 + 0.52 * (last - FIRST + 1))  # cm
    better, worse = "saitama needs less", "a peer needs less"
    for column, color, title in ((columns.bars, GREEN, better), (columns.bars + 1, RED, worse)):
        series = Series(Reference(sheet, min_col=column, min_row=FIRST, max_row=last), title=title)
        series.graphicalProperties.solidFill = color
        series.invertIfNegative = False
        chart.series.append(series)
    chart.set_categories(Reference(sheet, min_col=1, min_row=FIRST, max_row=last))
    ratios = [found.median for found in map(ratio, report.results) if found]
    chart.y_axis.scaling.logBase = chart.y_axis.majorUnit = 2
    chart.y_axis.scaling.min = 2.0 ** math.floor(min(-1.0, math.log2(min(ratios))))
    chart.y_axis.scaling.max = 2.0 ** math.ceil(max(1.0, math.log2(max(ratios))))
    chart.y_axis.number_format = "General"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=GRID))
    chart.x_axis.crosses, chart.x_axis.crossesAt = None, 1  # where the bars begin
    chart.x_axis.scaling.orientation = "maxMin"  # the first result on top
    chart.x_axis.tickLblPos = "low"
    chart.x_axis.delete = chart.y_axis.delete = False  # openpyxl would hide both
    chart.legend.position = "b"
    return chart


def _growth(sheet: Any, styles: Styles, report: Report, columns: Columns, below: int) -> int:
    """For each curve of `points` a chart of seconds against size, both logarithmic, and the numbers behind it. Returns
    the row below the charts."""
    right = columns.bars + 3
    groups: Dict[str, List[Tuple[float, int]]] = {}
    for row, result in enumerate(report.results, start=FIRST):
        name, x = report.points[result.case]
        groups.setdefault(name, []).append((x, row))
    for number, (name, places) in enumerate(groups.items()):
        top = FIRST + number * (max(map(len, groups.values())) + 2)
        head(sheet, styles, top - 1, [name, *columns.rivals], right)
        for offset, (x, row) in enumerate(places):
            seconds = [(f"={get_column_letter(2 + i)}{row}", "0.00") for i in range(len(columns.rivals))]
            row_of(sheet, styles, top + offset, [(x, "0E+00"), *seconds], "note", right)
        chart = ScatterChart()
        chart.title, chart.style, chart.scatterStyle = name, 13, "lineMarker"
        chart.width, chart.height = 15, 9
        for axis, title in ((chart.x_axis, "size"), (chart.y_axis, "microseconds of a call")):
            axis.scaling.logBase, axis.title, axis.delete = 10, title, False
            axis.number_format, axis.tickLblPos, axis.crosses = "General", "low", "min"
            axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=GRID))
        bottom = top + len(places) - 1
        x_values = Reference(sheet, min_col=right, min_row=top, max_row=bottom)
        for place, rival in enumerate(columns.rivals):
            y_values = Reference(sheet, min_col=right + 1 + place, min_row=top, max_row=bottom)
            series = Series(y_values, x_values, title=rival)
            series.graphicalProperties.line.solidFill = LINES[place % len(LINES)]
            series.marker.symbol, series.smooth = "circle", False
            series.marker.graphicalProperties = GraphicalProperties(solidFill=LINES[place % len(LINES)])
            chart.series.append(series)
        chart.legend.position = "b"
        letter = "A" if number % 2 == 0 else get_column_letter(columns.ratio)
        sheet.add_chart(chart, f"{letter}{below + number // 2 * 19}")
    return below + (len(groups) + 1) // 2 * 19


def _summary(sheet: Any, styles: Styles, reports: List[Report], facts: Dict[str, str]) -> None:
    row_of(sheet, styles, 1, [TITLE], "title")
    row_of(sheet, styles, 2, ["saitama / its best peer, measured in one run: below 1 saitama is better."], "note")
    heads = ["benchmark", "geometric mean", "lowest", "highest", "rows", "above 1", "short of the aim"]
    head(sheet, styles, FIRST - 1, heads)
    for row, report in enumerate((report for report in reports if report.mean is not None), start=FIRST):
        found = [one for one in map(ratio, report.results) if one]
        counts = [len(found), sum(one.slower for one in found), sum(map(missed, report.results))]
        extremes = [(pick(one.median for one in found), "0.00") for pick in (min, max)]
        values = [(report.mean, "0.00"), *extremes, *((n, "0") for n in counts)]
        row_of(sheet, styles, row, [report.title, *values])
        link = sheet.cell(row, 1)
        link.hyperlink = f"#'{report.name[:31]}'!A1"
        styles.put(link, "cell_link")
        styles.put(sheet.cell(row, 2), "right" if round(report.mean or 0, 2) <= 1 else "wrong", "0.00")
    row = FIRST + len(reports) + 1
    for key, value in facts.items():
        row_of(sheet, styles, row, [key], "caption")
        row_of(sheet, styles, row, [value], "text", 2)
        row += 1
    _widths(sheet, [34, 16, 12, 12, 10, 10, 16])


def _machine(sheet: Any, styles: Styles, facts: Dict[str, str], peaks: Optional[Peaks]) -> None:
    row_of(sheet, styles, 1, ["What the machine can do"], "title")
    text = "Fused multiply-adds, bytes read, and bytes copied (read and written), by our own small kernels."
    row_of(sheet, styles, 2, [text if peaks else "Not measured: that needs a C compiler."], "note")
    if peaks:
        cores = sorted({count for _, count in peaks.rates})
        head(sheet, styles, 4, ["", *(f"{n} core{'s' * (n > 1)}" for n in cores), "unit"])
        for row, what in enumerate(dict.fromkeys(name for name, _ in peaks.rates), start=5):
            unit = "GFLOP/s" if what.startswith("float") else "GB/s"
            row_of(sheet, styles, row, [what, *((peaks.rates[what, n], "0.0") for n in cores), unit])
    _widths(sheet, [20, 13, 13, 13])


def _widths(sheet: Any, widths: Sequence[float]) -> None:
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
