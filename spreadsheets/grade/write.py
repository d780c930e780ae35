"""The marks of a class as a workbook and as a .csv: a table to be sorted and written into, and its statistics.

Totals and averages are formulas, so points that a teacher types over ours count at once; their results stand beside
them in the file, for programs that do not calculate.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
import textwrap
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Dict, List, Union

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter

from saitama.files import atomic_path

from ..engines.cached_values import write_with_values
from ..engines.engine import Result
from ..errors import WorkbookError
from ..read.package import Package
from ..read.safety import PathLike
from ..read.workbook import Position, open_workbook
from ..write.saving import check_replaceable, is_untouched, write_workbook
from ..write.style import AMBER, RED, Styles, use_our_font, write_number
from .graded import Grades, Row
from .looks import bold, for_print, head_of_numbers, on_top, tint, words, wrap
from .previous import FILE, HEAD_ROW, KEPT, LEARNER, MARKS, MOST_TEXT, STATISTICS, TEACHER, Previous
from .statistics import plan_statistics
from .steps_sheet import STEPS, write_steps

Values = Dict[str, Dict[Position, Result]]
WIDTHS = {LEARNER: 22, "points": 8, "of": 7, "share": 8, "first slip": 54, "reason": 21, TEACHER: 20, "flags": 44}
SCORE = 9  # the least width of a column of points
MOST_WIDTH = 290  # of all columns on one sheet of paper
LINE = 13.5  # points, of one line of text
OURS = {MARKS, STEPS, STATISTICS, KEPT}


def check_output(output: PathLike, overwrite: Union[bool, None]) -> Previous:
    """What the output of the run before holds. Raises FileExistsError for a file that is somebody's own, ValueError for
    a name that is neither .xlsx nor .csv."""
    path = os.fspath(output)
    if not os.path.isdir(os.path.dirname(path) or "."):  # before an hour's work, not after it
        raise FileNotFoundError(f"grade: cannot write {path}: there is no folder {os.path.dirname(path)}")
    kind = Path(path).suffix.lower()
    if kind not in (".xlsx", ".csv"):
        raise ValueError(f"grade: {path!r} is neither an .xlsx nor a .csv name; give one, such as 'marks.xlsx'")
    _check_table(Path(path).with_suffix(".csv"), overwrite)
    if kind == ".csv" or not os.path.exists(path):
        return Previous()
    try:
        book = open_workbook(path)
    except WorkbookError:
        check_replaceable(path, overwrite)
        return Previous()
    if set(book) <= OURS and {MARKS, KEPT} <= set(book) and book[MARKS][1, 1].value == TITLE:
        if overwrite is False and not is_untouched(book.package.archive):
            check_replaceable(path, overwrite)
        return Previous(book)  # what a teacher wrote into it is kept
    check_replaceable(path, overwrite)
    return Previous()


def _check_table(path: Path, overwrite: Union[bool, None]) -> None:
    if overwrite is True or not path.exists():
        return
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        first = file.readline(1000)
    if not first.startswith(f"{LEARNER},"):
        raise FileExistsError(
            f"{path} is a table of your own; it is kept: give another name, or replace it with --force"
        )


TITLE = "Marks"


def write_grades(grades: Grades, output: PathLike, before: Previous) -> str:
    """Write the table, and the workbook where the name is one; returns the name."""
    path = Path(output)
    if path.suffix.lower() == ".xlsx":
        workbook, values = Workbook(), {}  # type: Any, Values
        use_our_font(workbook)
        styles = Styles(workbook)
        sheet = workbook.active
        sheet.title = MARKS
        last = _marks(sheet, styles, grades, values)
        write_steps(workbook, styles, grades)
        plan_statistics(workbook, styles, grades, last, values)
        _kept(workbook, grades)
        with atomic_path(path) as temporary, tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "marks.xlsx"
            write_workbook(workbook, plain)
            write_with_values(Package(plain), values, temporary)
    with atomic_path(path.with_suffix(".csv")) as temporary:
        temporary.write_bytes(as_csv(grades).encode("utf-8-sig"))  # the mark at its beginning is for Excel
    return os.fspath(output)


# --- the table --------------------------------------------------------------------------------------------------------
def heads(grades: Grades) -> List[str]:
    return [LEARNER, *grades.columns, "points", "of", "share", "first slip", "reason", TEACHER, "flags", FILE]


def _marks(sheet: Any, styles: Styles, grades: Grades, values: Values) -> int:
    """The sheet Marks; returns its last row."""
    names = heads(grades)
    column = {name: n for n, name in enumerate(names, 1)}
    styles.text(sheet.cell(1, 1), TITLE, "title")
    note = "A number that is right, given the learner's own numbers before it, counts as right. Remarks in the column "
    note += "teacher, and points that you type over these, are kept when the class is marked again."
    styles.text(sheet.cell(2, 1), note, "note")
    for name, n in column.items():
        styles.text(sheet.cell(HEAD_ROW, n), name, "head")
        if name in grades.columns or name in ("points", "of", "share"):
            head_of_numbers(sheet.cell(HEAD_ROW, n))
        else:
            words(sheet.cell(HEAD_ROW, n))
        width = sheet.column_dimensions[get_column_letter(n)]
        width.width = WIDTHS.get(name, 26 if name == FILE else score_width(name))
        width.outlineLevel = 1 if name in grades.part_of and grades.parts else 0
    lines = max(name.count("-") + 1 for name in grades.columns or [""])
    sheet.row_dimensions[HEAD_ROW].height = LINE * lines + 5
    found = values.setdefault(MARKS, {})
    for n, row in enumerate(grades.rows, HEAD_ROW + 1):
        _row(sheet, styles, n, row, grades, column, found)
    last = HEAD_ROW + len(grades.rows)
    sheet.auto_filter = AutoFilter(ref=f"A{HEAD_ROW}:{get_column_letter(len(names))}{last}")
    sheet.freeze_panes = sheet.cell(HEAD_ROW + 1, 2)
    width = sum(sheet.column_dimensions[get_column_letter(n)].width for n in range(1, column["flags"] + 1))
    for_print(sheet, -(-int(width) // MOST_WIDTH))
    sheet.print_title_rows, sheet.print_title_cols = f"{HEAD_ROW}:{HEAD_ROW}", "A:A"
    sheet.print_area = f"A1:{get_column_letter(column['flags'])}{last}"
    return last


def _row(
    sheet: Any,
    styles: Styles,
    n: int,
    row: Row,
    grades: Grades,
    column: Dict[str, int],
    found: Dict[Position, Result],
) -> None:
    for name, text in texts(row).items():
        styles.text(sheet.cell(n, column[name]), text, "input" if name == TEACHER else "cell")
        wrap(sheet.cell(n, column[name]))
    long = {name: str(sheet.cell(n, column[name]).value or "") for name in (LEARNER, "first slip", "flags")}
    sheet.row_dimensions[n].height = LINE * max(lines_of(text, WIDTHS[name]) for name, text in long.items())
    if row.problems or row.marked.error or row.is_flagged:
        tint(sheet.cell(n, column["flags"]), RED if row.problems or row.marked.error else AMBER)
    for name in (*grades.columns, "points", "of", "share"):
        styles.text(sheet.cell(n, column[name]), "", "cell")
        sheet.cell(n, column[name]).value = None
    if not row.counts:
        return
    for task, points in row.shown.items():
        cell = sheet.cell(n, column[task])
        write_number(styles.put(cell, "cell", "0.##"), float(points))
        on_top(cell)
        if task in row.typed:
            tint(cell, AMBER)  # the teacher's own
    put = partial(_formula, sheet, styles, found, n)
    letter = {name: get_column_letter(at) for name, at in column.items()}
    for part in grades.parts:
        tasks = grades.tasks_of(part)
        if not set(tasks) & set(row.shown):
            continue  # there is no work of it
        put(column[part], f"=SUM({letter[tasks[0]]}{n}:{letter[tasks[-1]]}{n})", "0.##", row.earned_of(tasks))
        bold(sheet.cell(n, column[part]))
    tasks = grades.tasks
    if grades.parts:
        total = "=" + "+".join(f"{letter[part]}{n}" for part in grades.parts)
    else:
        total = f"=SUM({letter[tasks[0]]}{n}:{letter[tasks[-1]]}{n})"
    put(column["points"], total, "0.##", row.earned)
    write_number(styles.put(sheet.cell(n, column["of"]), "cell", "0.##"), float(row.of))
    on_top(sheet.cell(n, column["of"]))
    earned, of = f"{letter['points']}{n}", f"{letter['of']}{n}"
    put(column["share"], f"=IF({of}=0,0,{earned}/{of})", "0%", row.share)


def _formula(
    sheet: Any,
    styles: Styles,
    found: Dict[Position, Result],
    row: int,
    column: int,
    text: str,
    shown: str,
    value: float,
) -> None:
    cell = styles.put(sheet.cell(row, column), "cell", shown)
    cell.value = text
    on_top(cell)
    found[row, column] = Result(value, False)


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a column of this width."""
    return max(1, len(textwrap.wrap(text, int(1.1 * width) - 2)))


def score_width(task: str) -> float:
    """Of its column, whose head is broken at hyphens."""
    return max(SCORE, max(map(len, task.split("-"))) + 3.5)


def texts(row: Row) -> Dict[str, str]:
    """What a row says in words."""
    marked = row.marked
    problems = row.problems or ([marked.error] if marked.error else [])
    return {
        LEARNER: row.learner,
        "first slip": marked.slip,
        "reason": marked.reason,
        TEACHER: row.remark,
        "flags": "; ".join([*problems, *marked.flags, *row.flags]),
        FILE: marked.file,
    }


def as_csv(grades: Grades) -> str:
    """The same table; a text that a spreadsheet program would take for a formula has an apostrophe before it."""
    out = StringIO()
    writer = csv.writer(out)
    names = heads(grades)
    writer.writerow(names)
    for row in grades.rows:
        cells: Dict[str, Any] = {name: _harmless(text) for name, text in texts(row).items()}
        if row.counts:
            points = dict(row.shown)
            points.update((part, row.earned_of(grades.tasks_of(part))) for part in grades.parts)
            points.update(points=row.earned, of=row.of, share=row.share)
            cells.update((name, f"{number:.10g}") for name, number in points.items())
        writer.writerow([cells.get(name, "") for name in names])
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# --- for the next run -------------------------------------------------------------------------------------------------
def _kept(workbook: Workbook, grades: Grades) -> None:
    """A hidden sheet: of each file what was found, and the points as they were written."""
    sheet: Any = workbook.create_sheet(KEPT)
    sheet.sheet_state = "hidden"
    n = 0
    for row in grades.rows:
        for job, marked in row.parts:
            if not job.key:
                continue
            n += 1
            text = json.dumps(marked.as_dict(), ensure_ascii=True)
            first, *more = [text[at : at + MOST_TEXT] for at in range(0, len(text), MOST_TEXT)]
            points = {task.name: row.ours[task.name] for task in marked.tasks}
            contents = (job.file, job.key, first, json.dumps(points), row.marked.file, *more)
            for column, content in enumerate(contents, 1):
                cell: Any = sheet.cell(n, column)
                cell.value, cell.data_type = content, "s"


__all__ = ["as_csv", "check_output", "write_grades"]
