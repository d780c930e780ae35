"""The roofline (Williams, Waterman, Patterson 2009): the rate a kernel can reach, by its FLOP for each byte it moves.

Below the ridge the memory sets the pace, above it the arithmetic does. A product of matrices, whose case gives its
shapes, is a point; its bytes are those of both factors and the result, moved once.
"""

from __future__ import annotations

import re
from typing import Any, List, Optional, Tuple

from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties

from benchmarks.machine import DTYPES, Peaks
from benchmarks.report import rate
from benchmarks.timing import Result
from saitama.spreadsheets.write.style import Styles

COLORS = {"float64": "2F4B7C", "float32": "E07A1F"}
INTENSITIES = [2.0**power for power in range(-4, 10)]  # FLOP for each byte
TOP = 20  # the sheet's row of the numbers behind the chart


def intensity(result: Result) -> Optional[float]:
    """FLOP for each byte of a product of matrices: "768x128 @ 128x384 float32" or "matmul 384x384 float64"."""
    sizes = re.search(r"(\d+)x(\d+)(?: @ (\d+)x(\d+))?", result.case)
    if result.unit != "GFLOP/s" or not result.work or not sizes:
        return None
    m, k, _, n = (int(size) if size else int(sizes.group(1)) for size in sizes.groups())
    itemsize = 4 if "float32" in result.case else 8
    return result.work * 1e9 / (itemsize * (m * k + k * n + m * n))


def add_roofline(sheet: Any, styles: Styles, peaks: Peaks, results: List[Result]) -> None:
    """The chart under the table of peaks, and its numbers below."""
    cores = max(count for _, count in peaks.rates)
    bandwidth = peaks.rates["read 256 MB", cores]
    heads = ["FLOP / byte", *(f"roof {dtype}" for dtype in DTYPES), *(f"got {dtype}" for dtype in DTYPES)]
    for column, head in enumerate(heads, start=1):
        styles.put(sheet.cell(TOP, column, head), "head")
    rows: List[Tuple[float, List[Optional[float]]]] = [
        (x, [min(bandwidth * x, peaks.rates[dtype, cores]) for dtype in DTYPES] + [None, None]) for x in INTENSITIES
    ]
    for result in results:
        x, speed = intensity(result), rate(result)
        if x is not None and speed is not None and speed >= 1:
            single = "float32" in result.case
            rows.append((x, [None, None, None if single else speed, speed if single else None]))
    for row, (x, values) in enumerate(rows, start=TOP + 1):
        for column, value in enumerate([x, *values], start=1):
            if value is not None:
                styles.put(sheet.cell(row, column, value), "cell", "0.00")
    chart = ScatterChart()
    chart.title, chart.style, chart.scatterStyle = f"Roofline, {cores} cores", 13, "lineMarker"
    chart.width, chart.height = 20, 12
    for axis, title in ((chart.x_axis, "FLOP for each byte moved"), (chart.y_axis, "GFLOP/s")):
        axis.scaling.logBase, axis.title, axis.delete = 10, title, False
        axis.number_format, axis.tickLblPos, axis.crosses = "General", "low", "min"
        axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9DEE3"))
    roofs, last = TOP + len(INTENSITIES), TOP + len(rows)
    for place, dtype in enumerate(DTYPES):
        _line(chart, sheet, (TOP + 1, roofs), 2 + place, f"roof {dtype}", dtype, points=False)
        if last > roofs:
            _line(chart, sheet, (roofs + 1, last), 4 + place, f"matmul {dtype}", dtype, points=True)
    chart.y_axis.scaling.min = 1
    chart.legend.position = "b"
    sheet.add_chart(chart, "F4")


def _line(
    chart: ScatterChart, sheet: Any, rows: Tuple[int, int], column: int, title: str, dtype: str, points: bool
) -> None:
    x_values, y_values = (Reference(sheet, min_col=c, min_row=rows[0], max_row=rows[1]) for c in (1, column))
    series = Series(y_values, x_values, title=title)
    series.smooth = False
    if points:
        series.graphicalProperties.line.noFill = True
        series.marker.symbol, series.marker.size = "circle", 6
        series.marker.graphicalProperties = GraphicalProperties(solidFill=COLORS[dtype])
    else:
        series.graphicalProperties.line.solidFill = COLORS[dtype]
        series.marker.symbol = "none"
    chart.series.append(series)
