"""The workbook for the teacher, and the copies for the learners."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from classroom import logistic
from openpyxl import load_workbook
from pupil import Learner

from saitama.spreadsheets import grade


def test_the_workbook(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    Learner(exercise, {"h": logistic}).save(handed_in / "1.xlsx", "-one")
    Learner(exercise).save(handed_in / "2.xlsx", "two")
    (handed_in / "3.xlsx").write_bytes(b"junk")
    output = tmp_path / "marks.xlsx"
    grades = grade(handed_in, exercise, output, workers=1)
    assert grades.path == str(output)
    values, formulas = load_workbook(output, data_only=True), load_workbook(output)
    assert values.sheetnames == ["Marks", "Steps", "Statistics", "Kept"] and values["Kept"].sheet_state == "hidden"
    head = [cell.value for cell in values["Marks"][4]]
    assert head == ["learner", "Page", "points", "of", "share", "first slip", "reason", "teacher", "flags", "file"]
    first = dict(zip(head, (cell.value for cell in values["Marks"][5])))
    assert first["learner"] == "-one"
    assert first["points"] == grades.rows[0].earned and formulas["Marks"]["C5"].value == "=SUM(B5:B5)"
    assert first["reason"] == "wrong-operation"
    assert [values["Marks"].cell(7, n).value for n in (1, 3)] == ["3", None]
    steps = {values["Steps"].cell(4, n).value: values["Steps"].cell(5, n).value for n in range(2, 9)}
    assert steps["a"] == "✓" and steps["h"] == "✗" and steps["loss"] == "(✓)"
    table = {values["Statistics"].cell(n, 1).value: n for n in range(1, 60)}
    assert values["Statistics"].cell(table["h"], 3).value == 0.5
    assert values["Statistics"].cell(table["h"], 5).value == "wrong-operation"
    assert len(formulas["Statistics"]._charts) == 2
    with open(tmp_path / "marks.csv", encoding="utf-8-sig") as file:
        lines = list(csv.reader(file))
    assert lines[0] == head and lines[1][0] == "'-one" and float(lines[2][2]) == grades.rows[1].earned


def test_the_workbook_calculates(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    from saitama.spreadsheets import recalculate

    Learner(exercise, {"h": logistic}).save(handed_in / "1.xlsx", "one")
    Learner(exercise).save(handed_in / "2.xlsx", "two")
    grade(handed_in, exercise, tmp_path / "marks.xlsx", workers=1)
    result = recalculate(tmp_path / "marks.xlsx", output=tmp_path / "again.xlsx", engine="ironcalc")
    assert not result.differences and not result.errors and result.stored == result.formulas > 10


def test_somebodys_own_output_is_kept(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    Learner(exercise).save(handed_in / "1.xlsx")
    shutil.copy(handed_in / "1.xlsx", tmp_path / "mine.xlsx")
    before = (tmp_path / "mine.xlsx").read_bytes()
    with pytest.raises(FileExistsError, match="it is kept"):
        grade(handed_in, exercise, tmp_path / "mine.xlsx", workers=1)
    (tmp_path / "notes.csv").write_text("my,own\n")
    with pytest.raises(FileExistsError, match="a table of your own"):
        grade(handed_in, exercise, tmp_path / "notes.csv", workers=1)
    assert (tmp_path / "mine.xlsx").read_bytes() == before
    grade(handed_in, exercise, tmp_path / "notes.csv", workers=1, overwrite=True)
    output = tmp_path / "marks.xlsx"
    grade(handed_in, exercise, output, workers=1)
    workbook = load_workbook(output)
    workbook.create_sheet("My own thoughts")
    workbook.save(output)
    with pytest.raises(FileExistsError, match="it is kept"):
        grade(handed_in, exercise, output, workers=1)


def test_marked_copies(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    (handed_in / "group").mkdir()
    Learner(exercise, {"h": logistic}).save(handed_in / "group" / "1.xlsx", "one")
    (handed_in / "2.xlsx").write_bytes(b"junk")
    grade(handed_in, exercise, marked=tmp_path / "marked", workers=1)
    copies = [path for path in (tmp_path / "marked").rglob("*") if path.is_file()]
    assert copies == [tmp_path / "marked" / "group" / "1.xlsx"]
    page = load_workbook(copies[0])["Page"]
    texts = [str(cell.value) for row in page.iter_rows() for cell in row if cell.value]
    assert any("the logistic function of net stands where tanh net belongs" in text for text in texts)
    assert any("right, given your numbers before it" in text for text in texts)
