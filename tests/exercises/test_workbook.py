"""A learner's workbook, judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from saitama.exercises.levels import Level, level
from saitama.exercises.workbook import judge, write_level

LONG = "Given a number c and a vector a (3,). " * 9


@pytest.mark.parametrize("words", ["", LONG])
def test_a_page_whose_words_were_changed_since_is_judged_in_its_own_cells(words: str, tmp_path: Path) -> None:
    now = level(1)
    task = now.pages[0]
    then = Level(1, now.text, (replace(task, words=words),), ())
    solved, slip = tmp_path / "solved.xlsx", tmp_path / "slip.xlsx"
    write_level(then, "Ada", solved, solution=True)
    (result,) = judge(Level(1, now.text, (task,), ()), "Ada", solved)
    assert result.solved
    book = load_workbook(solved)
    sheet = book[task.sheet]
    (blank, *_) = (cell for row in sheet.iter_rows(min_row=4) for cell in row if not cell.protection.locked)
    blank.value = -blank.value
    book.save(slip)
    (result,) = judge(Level(1, now.text, (task,), ()), "Ada", slip)
    assert result.found is not None and [one.name for one in result.found.story.slips] == ["y"]
