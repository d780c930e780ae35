"""The marks of the run before: what need not be marked again, and what the teacher has written into them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..read.workbook import Book, Sheet
from .marked import Marked

if TYPE_CHECKING:
    from .graded import Row

MARKS, STATISTICS, KEPT = "Marks", "Statistics", "Kept"
HEAD_ROW = 4  # of the sheet Marks
TEACHER, FILE, LEARNER = "teacher", "file", "learner"
MOST_TEXT = 30_000  # characters of what is kept of a file


class Previous:
    """Nothing, or what a marks workbook holds."""

    def __init__(self, book: Optional[Book] = None) -> None:
        self._kept: Dict[str, Tuple[str, str]] = {}  # by file: key, Marked as JSON
        self._ours: Dict[str, Dict[str, float]] = {}  # by what stands in the column file: points as they were written
        self._remarks: Dict[str, str] = {}  # by the file, or by the name of a learner with one row
        self._typed: Dict[str, Dict[str, float]] = {}
        if book is not None:
            self._read_kept(book[KEPT])
            self._read_teacher(book[MARKS])

    def marked(self, file: str, key: str) -> Optional[Marked]:
        """What was found of a file, if neither it nor its exercise has changed."""
        known, text = self._kept.get(file, ("", ""))
        if not key or known != key:
            return None
        try:
            return Marked.from_dict(json.loads(text))
        except (ValueError, TypeError, LookupError):
            return None

    def remark(self, row: Row) -> str:
        return next((self._remarks[name] for name in names_of(row) if name in self._remarks), "")

    def typed(self, row: Row) -> Dict[str, float]:
        """Points that the teacher typed over ours, by task."""
        return next((self._typed[name] for name in names_of(row) if name in self._typed), {})

    # --- reading it -------------------------------------------------------------------------------------------------
    def _read_kept(self, sheet: Sheet) -> None:
        width: Dict[int, int] = {}
        for row, column in sheet:
            width[row] = max(column, width.get(row, 0))
        for row in sorted(width):
            file, key, text, points, shown = (str(sheet[row, column].value or "") for column in range(1, 6))
            more = "".join(str(sheet[row, column].value or "") for column in range(6, width[row] + 1))
            self._kept[file] = key, text + more
            try:
                written = json.loads(points or "{}")
                if isinstance(written, list):  # of an earlier version, in the order of the tasks
                    written = dict(zip((task["name"] for task in json.loads(text)["tasks"]), written))
                ours = {str(task): float(x) for task, x in written.items()}
            except (ValueError, TypeError, LookupError, AttributeError):
                continue
            self._ours.setdefault(shown or file, {}).update(ours)

    def _read_teacher(self, sheet: Sheet) -> None:
        columns = {str(cell.value): column for (row, column), cell in sheet.items() if row == HEAD_ROW}
        if not {TEACHER, FILE, LEARNER} <= set(columns):
            return
        lines = sorted({row for row, _ in sheet if row > HEAD_ROW})
        learners = [str(sheet[row, columns[LEARNER]].value or "") for row in lines]
        tasks = [task for task, column in columns.items() if columns[LEARNER] < column < columns.get("points", 0)]
        for row, learner in zip(lines, learners):
            file = str(sheet[row, columns[FILE]].value or "")
            names = [name for name in (file, learner if learners.count(learner) == 1 else "") if name]
            cell = sheet[row, columns[TEACHER]]
            remark = f"{cell.number:g}" if cell.number is not None else str(cell.seen)
            ours = self._ours.get(file, {})
            numbers = {task: sheet[row, columns[task]].number for task in tasks}
            typed = {task: x for task, x in numbers.items() if x is not None and differs(x, ours.get(task))}
            for name in names:
                if cell.value is not None:
                    self._remarks[name] = remark
                if typed:
                    self._typed[name] = typed


def differs(typed: float, ours: Optional[float]) -> bool:
    return ours is None or abs(typed - ours) > 1e-9


def names_of(row: Row) -> List[str]:
    """By which a row is found again: its file; of a learner on the list also the name, as another file may come."""
    return [name for name in (row.marked.file, row.learner if row.listed or not row.marked.file else "") if name]
