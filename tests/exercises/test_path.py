"""A learner's path through all 14 levels: numbers typed as a person types them, saved by a spreadsheet program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Union

import pytest
from openpyxl import load_workbook

from saitama.exercises.course import Course
from saitama.exercises.guard import steps_of
from saitama.exercises.levels import LEVELS, level
from saitama.exercises.numbers import seed_of
from saitama.exercises.workbook import page_of

LEARNER = "Grace"


def typed(value: Union[float, str], n: int) -> Union[float, str]:
    """As a person writes a number: rounded to five digits, now and then as a quotient. An infinity is a text."""
    if isinstance(value, str):
        return value
    rounded = float(f"{value:.5g}")
    if n % 11 == 3 and value * 8 == int(value * 8) and value:
        return f"={value * 24:g}/24"
    return rounded


def fill(course: Course, number: int) -> None:
    path = course.workbook(level(number))
    book, n = load_workbook(path), 0
    for task in level(number).pages:
        for step in steps_of(page_of(task, seed_of(LEARNER, number))):
            for (row, column), value in zip(step.cells, step.right):
                cell = book[task.sheet].cell(row, column)
                cell.value, n = typed(value, n), n + 1
                if n % 37 == 5 and value in (0.25, 0.5, 0.75):
                    cell.number_format = "0%"  # a percent is shown, the number is the same
    book.save(path)


def save_with_libreoffice(course: Course, folder: Path) -> None:
    """All workbooks in one call."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    paths = [str(course.workbook(level(number))) for number in LEVELS]
    command = [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", str(folder / "saved"), *paths], check=True, timeout=600, capture_output=True)
    for path in map(Path, paths):
        (folder / "saved" / path.name).replace(path)


def test_from_the_first_page_to_the_last(tmp_path: Path) -> None:
    course = Course(tmp_path / "saitama-course")
    course.begin(LEARNER)
    for number in LEVELS:
        course.make(level(number))
        fill(course, number)
    save_with_libreoffice(course, tmp_path)
    for number in LEVELS:
        assert course.next_level() == number
        shutil.copy(level(number).folder / "solution.py", course.code(level(number)))
        results = course.check(level(number))
        open_tasks = [
            (r.task.id, getattr(r, "message", "") or str(getattr(r, "found", ""))) for r in results if not r.solved
        ]
        assert not open_tasks
        assert course.is_done(number)
    course.close()
