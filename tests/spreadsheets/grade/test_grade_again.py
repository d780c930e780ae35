"""A second run: what it marks, and what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest
from classroom import logistic, rows_of
from openpyxl import load_workbook
from pupil import Learner

from saitama.spreadsheets import grade
from saitama.spreadsheets.grade import crew
from saitama.spreadsheets.grade.marked import Marked, mark
from saitama.spreadsheets.grade.previous import Previous


def test_a_second_run_marks_what_changed_and_keeps_what_the_teacher_wrote(
    exercise: Path, handed_in: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    output = tmp_path / "marks.xlsx"
    Learner(exercise, {"h": logistic}).save(handed_in / "1.xlsx", "one")
    Learner(exercise).save(handed_in / "2.xlsx", "two")
    grade(handed_in, exercise, output, workers=1)
    workbook = load_workbook(output)
    sheet = workbook["Marks"]
    sheet["H5"], sheet["B5"] = "well explained", 17.5
    sheet.move_range("A6:J6", rows=3)  # as if sorted
    workbook.save(output)
    marked = []
    monkeypatch.setattr(crew, "mark", lambda *job: marked.append(job[2]) or mark(*job))
    Learner(exercise, {"net": None}).save(handed_in / "2.xlsx", "two")
    Learner(exercise).save(handed_in / "3.xlsx", "three")
    grades = grade(handed_in, exercise, output, workers=1)
    assert marked == ["2.xlsx", "3.xlsx"] and grades.kept == 1
    one = rows_of(grades)["one"]
    assert one.remark == "well explained" and one.earned == 17.5
    again = load_workbook(output)["Marks"]
    assert again["H5"].value == "well explained" and again["B5"].value == 17.5
    assert rows_of(grades)["two"].marked.tasks[0].empty == 2
    assert grade(handed_in, exercise, output, workers=1).kept == 3


def test_a_run_that_is_stopped_loses_nothing(
    exercise: Path, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, begun = tmp_path / "marks.xlsx", tmp_path / "marks.xlsx.unfinished"
    for n in range(4):
        Learner(exercise).save(handed_in / f"{n}.xlsx", f"number {n}")
    (handed_in / "1.xlsx").write_bytes(b"damaged")
    grade(handed_in / "0.xlsx", exercise, output, workers=1)
    before = output.read_bytes()
    done: List[str] = []

    def until_stopped(path: str, original: str, file: str, *more: Any) -> Marked:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(file)
        return mark(path, original, file, *more)

    monkeypatch.setattr(crew, "mark", until_stopped)
    monkeypatch.setattr(Previous, "marked", lambda *anything: None)
    with pytest.raises(KeyboardInterrupt):
        grade(handed_in, exercise, output, workers=1)
    assert done == ["0.xlsx", "1.xlsx", "2.xlsx"] and output.read_bytes() == before and begun.exists()
    with open(begun, "a", encoding="ascii") as file:
        file.write('\n["3.xlsx", "cut o')  # as a crash leaves it
    done[:] = []
    grades = grade(handed_in, exercise, output, workers=1)
    assert done == ["3.xlsx"] and grades.kept == 3 and not begun.exists()
    assert [bool(row.marked.error) for row in grades.rows] == [False, True, False, False]


def test_points_for_what_could_not_be_marked(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    output = tmp_path / "marks.xlsx"
    Learner(exercise).save(handed_in / "1.xlsx", "one")
    (handed_in / "2.xlsx").write_bytes(b"damaged")
    first = grade(handed_in, exercise, output, workers=1)
    assert not first.rows[1].counts
    workbook = load_workbook(output)
    workbook["Marks"]["B6"] = 3  # seen on paper
    workbook.save(output)
    for _ in range(2):
        row = grade(handed_in, exercise, output, workers=1).rows[1]
        assert (row.earned, row.of) == (3, sum(first.rows[0].most)) and row.problems
        assert load_workbook(output, data_only=True)["Marks"]["C6"].value == 3
