"""docs/TEACHING.md: its task works, and its counts are those of the levels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest

from saitama.exercises.guard import faults, steps_of
from saitama.exercises.levels import LEVELS, level
from saitama.exercises.task import Task
from saitama.exercises.workbook import page_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "TEACHING.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the page is in a checkout only")


def test_the_task_on_the_page_keeps_the_guard() -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    names: Dict[str, Any] = {"__name__": "mine"}
    exec(compile(source, str(PAGE), "exec"), names)
    task = names["average"]
    assert isinstance(task, Task)
    for seed in range(3):
        assert list(faults(task, seed, strict=seed == 0)) == []


def test_the_counts() -> None:
    rows = re.findall(r"^\| (\d+), .*? \| (\d+) \| (\d+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert [int(row[0]) for row in rows] == list(LEVELS)
    for number, pages, numbers, code in (map(int, row) for row in rows):
        of = level(number)
        blanks = sum(len(step.cells) for task in of.pages for step in steps_of(page_of(task, 1)))
        assert (len(of.pages), blanks, len(of.code)) == (pages, numbers, code), number
