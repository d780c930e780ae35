"""Who did what: a row a learner, a column a step, ✓ for right and ✗ for a slip of their own."""

from __future__ import annotations

from typing import Any, List, Tuple

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from ..write.style import GREEN, RED, YELLOW, Styles
from .graded import Grades
from .looks import for_print, tint, upright
from .marked import Count

STEPS = "Steps"
MOST_STEPS = 1_500  # columns
MOST_ON_A_PAGE = 30  # columns; more are narrow, with their names upright, on several pages side by side
WIDTH = 6.5
LEGEND = "✓ right   (✓) right, given a slip before   ✗ a slip of their own   – empty   ✓ 3/4: some of the numbers"
PALE_GREEN = "E9F7EC"


def write_steps(workbook: Workbook, styles: Styles, grades: Grades) -> None:
    names = step_names(grades)
    if not names or len(names) > MOST_STEPS:
        return
    sheet: Any = workbook.create_sheet(STEPS)
    styles.text(sheet.cell(1, 1), "Who did what", "title")
    styles.text(sheet.cell(2, 1), LEGEND, "note")
    styles.text(sheet.cell(4, 1), "learner", "head")
    sheet.column_dimensions["A"].width = 24
    many = len(names) > MOST_ON_A_PAGE
    several = len({task for task, _ in names}) > 1
    for n, (task, name) in enumerate(names, 2):
        if several and task != names[n - 3][0]:  # above the first of its steps
            styles.text(sheet.cell(3, n), task, "strong")
        styles.text(sheet.cell(4, n), name, "head")
        width = WIDTH if many else max(8, min(18, len(name) + 3))
        sheet.column_dimensions[get_column_letter(n)].width = width
        if many:
            upright(sheet.cell(4, n))
    at = {name: n for n, name in enumerate(names, 2)}
    for row_number, row in enumerate(grades.rows, 5):
        styles.text(sheet.cell(row_number, 1), row.learner, "cell")
        for n in at.values():
            styles.put(sheet.cell(row_number, n), "number")
        for step in row.marked.steps:
            text, color = verdict(step)
            cell = styles.text(sheet.cell(row_number, at[step.task, step.name]), text, "number")
            tint(cell, color)
    sheet.freeze_panes = "B5"
    for_print(sheet, -(-len(names) // MOST_ON_A_PAGE))
    sheet.print_title_cols = "A:A"
    if many:
        sheet.row_dimensions[4].height = min(150, 5.5 * max(len(name) for _, name in names) + 12)


def step_names(grades: Grades) -> List[Tuple[str, str]]:
    """(task, step) of all that was marked, in the order of the work."""
    order = {task: n for n, task in enumerate(grades.tasks)}
    found = dict.fromkeys((step.task, step.name) for row in grades.rows for step in row.marked.steps)
    return sorted(found, key=lambda name: order.get(name[0], 0))


def verdict(step: Count) -> Tuple[str, str]:
    """What stands in a cell, and its colour."""
    part = f" {step.right + step.carried}/{step.blanks}" if 0 < step.right + step.carried < step.blanks else ""
    if step.wrong:
        return f"✗{part}", RED
    if step.empty:
        return f"–{part}", YELLOW
    return ("(✓)", PALE_GREEN) if step.carried else ("✓", GREEN)
