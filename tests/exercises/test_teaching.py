"""docs/TEACHING.md: its task works, and its counts are those of the levels."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path
from typing import Any, Dict

import pytest

from saitama.cli import main
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
        assert list(faults([task], seed, strict=seed == 0)) == []


def test_the_commands_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    commands = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    commands = [command[1:] for command in commands if command[0] == "saitama"]
    assert [command[0] for command in commands] == ["learn", "grade"]
    (points,) = re.findall(r"^  ```\n(.*?)^  ```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    Path("names.csv").write_text("name\nAda Lovelace\n")
    Path("points.csv").write_text(points.replace("  ", ""))
    assert main(commands[0]) == 0 and Path("class/level04/Ada_Lovelace.xlsx").exists()
    Path("class").rename("handed-in")
    assert main([*commands[1], "--points", "points.csv"]) == 0 and Path("marked/level04/Ada_Lovelace.xlsx").exists()
    with open("marks.csv", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["learner"], row["points"], row["of"]) == ("Ada Lovelace", "0", "35")
    assert row["flags"] == "nothing was filled in"


def test_the_counts() -> None:
    rows = re.findall(r"^\| (\d+), .*? \| (\d+) \| (\d+) \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert [int(row[0]) for row in rows] == list(LEVELS)
    for number, pages, numbers, code in (map(int, row) for row in rows):
        of = level(number)
        blanks = sum(len(step.cells) for task in of.pages for step in steps_of(page_of(task, 1)))
        assert (len(of.pages), blanks, len(of.code)) == (pages, numbers, code), number
