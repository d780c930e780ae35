"""A class's worksheets marked: grade(folder, original, "marks.xlsx").

One workbook is read and judged in marked.py, all of them on all cores in graded.py; what stands out is in flags.py; the
table for the teacher is written by marks_workbook.py.
"""

from __future__ import annotations

from .graded import Grades, grade

__all__ = ["Grades", "grade"]
