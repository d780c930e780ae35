"""A class's worksheets marked: grade(folder, original, "marks.xlsx").

Whose a file is, and which exercise it is judged by, say exercises.py; one workbook is judged in marked.py, all of them
on all cores in crew.py; what stands out is in flags.py and rows.py, and write.py writes the table for the teacher.
"""

from __future__ import annotations

from .graded import Grades, grade

__all__ = ["Grades", "grade"]
