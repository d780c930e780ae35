"""The marks of the run before: what need not be marked again, and what the teacher has written into them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

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
        self._kept: Dict[str, Tuple[str, str, List[float]]] = {}  # by file: key, Marked as JSON, points as written
        self._remarks: Dict[str, str] = {}
        self._typed: Dict[str, Dict[str, float]] = {}
        if book is not None:
            self._read_kept(book[KEPT])
            self._read_teacher(book[MARKS])

    def marked(self, file: str, key: str) -> Optional[Marked]:
        """What was found of a file, if neither it nor its exercise has changed."""
        known, text, _ = self._kept.get(file, ("", "", []))
        if not key or known != key:
            return None
        try:
            return Marked.from_dict(json.loads(text))
        except (ValueError, TypeError, LookupError):
            return None

    def remark(self, row: Row) -> str:
        return self._remarks.get(name_of(row), "")

    def typed(self, row: Row) -> Dict[str, float]:
        """Points that the teacher typed over ours, by task."""
        return self._typed.get(name_of(row), {})

    # --- reading it -------------------------------------------------------------------------------------------------
    def _read_kept(self, sheet: Sheet) -> None:
        for row in sorted({row for row, _ in sheet}):
            file, key, text, points = (str(sheet[row, column].value or "") for column in range(1, 5))
            try:
                self._kept[file] = key, text, [float(x) for x in json.loads(points or "[]")]
            except (ValueError, TypeError):
                continue

    def _read_teacher(self, sheet: Sheet) -> None:
        columns = {str(cell.value): column for (row, column), cell in sheet.items() if row == HEAD_ROW}
        if not {TEACHER, FILE, LEARNER} <= set(columns):
            return
        for row in sorted({row for row, _ in sheet if row > HEAD_ROW}):
            cells: Any = {name: sheet[row, column] for name, column in columns.items()}
            name = str(cells[FILE].value or cells[LEARNER].value or "")
            if cells[TEACHER].value is not None:
                number = cells[TEACHER].number
                self._remarks[name] = f"{number:g}" if number is not None else str(cells[TEACHER].seen)
            _, text, points = self._kept.get(name, ("", "", []))
            try:
                tasks = [task.name for task in Marked.from_dict(json.loads(text)).tasks] if text else []
            except (ValueError, TypeError, LookupError):
                continue
            for task, ours in zip(tasks, points):
                number = cells[task].number if task in cells else None
                if number is not None and abs(number - ours) > 1e-9:
                    self._typed.setdefault(name, {})[task] = number


def name_of(row: Row) -> str:
    """By which a row is found again: the file, or of one who handed in nothing the name."""
    return row.marked.file or row.learner
