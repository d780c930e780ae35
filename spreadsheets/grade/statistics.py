"""How a class did: a histogram of the points; of each task and step the share that is right, the commonest reason."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Tuple

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.utils import get_column_letter

from ..engines.engine import Result
from ..read.workbook import Position
from ..texts import chart_text
from ..write.style import Styles, write_number
from .graded import Grades, Row
from .looks import for_print, head_of_numbers, to_the_right, words
from .marked import NO_REASON, Count
from .previous import HEAD_ROW, MARKS, STATISTICS

Values = Dict[str, Dict[Position, Result]]
BARS = 10  # of the histogram
BLUE, GRID = "2F4B7C", "D9DEE3"
CHARTS_AT = "H"  # column
MOST_BARS = 40  # steps in the chart


def plan_statistics(workbook: Workbook, styles: Styles, grades: Grades, last: int, values: Values) -> None:
    """The sheet Statistics. `last`: the last row of the sheet Marks."""
    sheet: Any = workbook.create_sheet(STATISTICS)
    rows = [row for row in grades.rows if row.counts]
    styles.text(sheet.cell(1, 1), "Statistics", "title")
    styles.text(sheet.cell(2, 1), f"{len(rows)} of {len(grades.rows)} could be marked; shares are of these.", "note")
    for n, width in enumerate((34, 11, 10, 13, 24, 11), 1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    for_print(sheet)
    if not rows:
        return
    found = values.setdefault(STATISTICS, {})
    first = _points(sheet, styles, grades, rows, last, found) + 2
    tasks, steps = counted(rows, grades, "tasks"), counted(rows, grades, "steps")
    bottom = _table(sheet, styles, first, "task", tasks)
    charted = "task", first, bottom
    first = bottom + 2
    bottom = _table(sheet, styles, first, "step", steps)
    if len(tasks) == 1:
        charted = "step", first, bottom
    what, first, bottom = charted
    if tasks:
        most = min(bottom, first + MOST_BARS)
        _chart(sheet, f"Share that is right, by {what}", first, most, 3, 1, f"{CHARTS_AT}22", "0%")


def _points(sheet: Any, styles: Styles, grades: Grades, rows: List[Row], last: int, found: Any) -> int:
    """Averages and the histogram, live over the sheet Marks; returns the last row."""
    column = len(grades.columns) + 2
    points, share = (f"{MARKS}!${c}${HEAD_ROW + 1}:${c}${last}" for c in map(get_column_letter, (column, column + 2)))
    shares = [row.share for row in rows]
    earned = [row.earned for row in rows]
    averages = (
        ("points on average", f"=AVERAGE({points})", sum(earned) / len(earned), "0.##"),
        ("share on average", f"=AVERAGE({share})", sum(shares) / len(shares), "0%"),
    )
    for n, (name, formula, value, shown) in enumerate(averages, 4):
        words(styles.text(sheet.cell(n, 1), name, "cell"))
        styles.put(sheet.cell(n, 2), "cell", shown).value = formula
        to_the_right(sheet.cell(n, 2))
        found[n, 2] = Result(value, False)
    for n, name in enumerate(("share of the points", "learners"), 1):
        styles.text(sheet.cell(7, n), name, "head")
    words(sheet.cell(7, 1))
    head_of_numbers(sheet.cell(7, 2))
    for bar in range(BARS):
        row, low, high = 8 + bar, bar / BARS, (bar + 1) / BARS
        words(styles.text(sheet.cell(row, 1), f"{low:.0%} to {high:.0%}", "cell"))
        upper = f',{share},"<{high}"' if bar < BARS - 1 else ""
        styles.put(sheet.cell(row, 2), "cell", "0").value = f'=COUNTIFS({share},">={low}"{upper})'
        inside = [x for x in shares if low <= x and (x < high or bar == BARS - 1)]
        to_the_right(sheet.cell(row, 2))
        found[row, 2] = Result(float(len(inside)), False)
    _chart(sheet, "Learners by their share of the points", 7, 7 + BARS, 2, 1, f"{CHARTS_AT}3", "0")
    return 7 + BARS


Line = Tuple[str, Count, Counter]  # its name, all counts added up, reasons


def counted(rows: List[Row], grades: Grades, what: str) -> List[Line]:
    """All tasks, or all steps, of all learners; a step has its task's name before its own where there are several."""
    order = {task: n for n, task in enumerate(grades.tasks)}
    lines: Dict[Tuple[str, str], Line] = {}
    for row in rows:
        for one in getattr(row.marked, what):
            shown = f"{one.task}: {one.name}" if one.task and len(order) > 1 else one.name
            _, total, reasons = lines.setdefault((one.task, one.name), (shown, Count(one.name), Counter()))
            for name in ("blanks", "right", "carried", "wrong", "empty"):
                setattr(total, name, getattr(total, name) + getattr(one, name))
            if one.reason:
                reasons[one.reason] += 1
    return [lines[at] for at in sorted(lines, key=lambda at: order.get(at[0] or at[1], 0))]


def _table(sheet: Any, styles: Styles, top: int, what: str, lines: List[Line]) -> int:
    """A line a task or step; returns the last row."""
    for n, name in enumerate((what, "numbers", "right", "with a slip", "commonest reason", "so many"), 1):
        styles.text(sheet.cell(top, n), name, "head")
        if n not in (1, 5):
            head_of_numbers(sheet.cell(top, n))
        else:
            words(sheet.cell(top, n))
    for row, (name, total, reasons) in enumerate(lines, top + 1):
        words(styles.text(sheet.cell(row, 1), name, "cell"))
        write_number(styles.put(sheet.cell(row, 2), "cell", "0"), total.blanks)
        write_number(styles.put(sheet.cell(row, 3), "cell", "0%"), total.share)
        write_number(styles.put(sheet.cell(row, 4), "cell", "0"), sum(reasons.values()))
        commonest = sorted(reasons.items(), key=lambda one: (-one[1], one[0] == NO_REASON))[:1]
        words(styles.text(sheet.cell(row, 5), commonest[0][0] if commonest else "", "cell"))
        cell = styles.put(sheet.cell(row, 6), "cell", "0")
        if commonest:
            write_number(cell, commonest[0][1])
        for n in (2, 3, 4, 6):
            to_the_right(sheet.cell(row, n))
    return top + len(lines)


def _chart(sheet: Any, title: str, top: int, bottom: int, column: int, names: int, anchor: str, shown: str) -> None:
    """Bars of a column of a table, whose head stands in the row `top`."""
    chart = BarChart()
    chart.type, chart.style, chart.legend = "col", 13, None
    chart.title = chart_text(title)
    chart.width, chart.height, chart.gapWidth = 18, 8.8, 40  # cm
    chart.x_axis.delete = chart.y_axis.delete = False  # openpyxl would hide both
    chart.y_axis.number_format, chart.y_axis.scaling.min = shown, 0
    if shown == "0%":
        chart.y_axis.scaling.max = 1
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=GRID))
    chart.add_data(Reference(sheet, min_col=column, min_row=top + 1, max_row=bottom))
    chart.set_categories(Reference(sheet, min_col=names, min_row=top + 1, max_row=bottom))
    chart.series[0].graphicalProperties.solidFill = BLUE
    sheet.add_chart(chart, anchor)
