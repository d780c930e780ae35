"""Progress: plain, never lost, and safe with two runs at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from saitama.exercises.course import Course
from saitama.exercises.levels import level
from saitama.exercises.progress import Progress, count, is_done, mark_done, one_more
from saitama.exercises.task import CodeTask
from saitama.exercises.workbook import named_in, write_level

TASK = CodeTask("01-new", "A task", lambda my: None, ("hint",), formerly=("01-old",))


def test_it_is_kept_and_unknown_ids_stay(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.change(lambda data: data["done"].update({"99-of-the-future": "today"}))
    progress.change(lambda data: mark_done(data, TASK, "now"))
    data = json.loads(progress.path.read_text(encoding="utf-8"))
    assert data["done"] == {"99-of-the-future": "today", "01-new": "now"}


def test_a_renamed_task_stays_done(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.change(lambda data: data["done"].update({"01-old": "then"}))
    data = progress.change(lambda data: one_more(data, "tries", TASK))
    assert is_done(data, TASK) and count(data, "tries", TASK) == 1


def test_a_damaged_file_is_kept_and_said(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    for damage in ("{half", "[]", '{"done": 3}'):
        progress.path.write_text(damage, encoding="utf-8")
        assert progress.read()["done"] == {}
        assert "kept as" in progress.remark
    kept = list(tmp_path.glob("progress.json.damaged-*"))
    assert kept and not progress.path.exists()


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from saitama.exercises.progress import Progress\\n"
        "p = Progress(Path(sys.argv[1]))\\n"
        "for n in range(25): p.change(lambda data: data['done'].update({f'{sys.argv[2]}-{n}': 'x'}))"
    ).replace("\\n", "\n")
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "ab"]
    assert [run.wait(120) for run in runs] == [0, 0]
    found: Dict[str, Any] = Progress(tmp_path).read()["done"]
    assert len(found) == 50
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".json"] == ["progress.json"]


def test_what_can_be_read_of_a_damaged_file_goes_on(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.change(lambda data: data.update(learner='Mira "M" Hölm'))
    progress.change(lambda data: mark_done(data, TASK, "2026-01-02 03:04"))
    text = progress.path.read_text(encoding="utf-8")
    progress.path.write_text(text[: text.index('"tries"')], encoding="utf-8")
    for found in (progress.read(), Progress(tmp_path).read()):
        assert found["learner"] == 'Mira "M" Hölm' and is_done(found, TASK)
    assert 'goes on: Mira "M" Hölm, 1 tasks done' in progress.remark


def test_without_a_progress_file_the_name_is_that_of_the_workbooks(tmp_path: Path) -> None:
    course = Course(tmp_path)
    course.begin("Mira Holm")
    write_level(level(3), "Mira Holm", course.workbook(level(3)))
    course.progress.path.write_text("{", encoding="utf-8")
    assert course.begin() == "Mira Holm" and Progress(tmp_path).read()["learner"] == "Mira Holm"
    assert "could not be read" in course.remarks()[0] and not course.remarks()
    course.progress.path.unlink()
    with pytest.raises(ValueError, match="is the course of Mira Holm"):
        course.begin("Ada")
    write_level(level(3), "Mira Holm", tmp_path / "level04.xlsx")  # of another level: its numbers are not those of 4
    assert named_in(tmp_path / "level04.xlsx", 4) == "" and named_in(tmp_path / "level03.xlsx", 3) == "Mira Holm"
    course.close()
