"""What cannot be marked is a row, and ends nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from classroom import loss_of, rows_of
from pupil import Learner

from saitama.spreadsheets import WorkbookError, export, grade
from saitama.spreadsheets.grade import crew
from saitama.spreadsheets.grade.marked import Marked, mark


def test_a_bad_file_is_a_row(exercise: Path, handed_in: Path) -> None:
    Learner(exercise).save(handed_in / "good.xlsx", "good")
    (handed_in / "damaged.xlsx").write_bytes((handed_in / "good.xlsx").read_bytes()[:2000])
    (handed_in / "empty.xlsx").write_bytes(b"")
    (handed_in / "locked.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    (handed_in / "letter.docx").write_bytes(b"hello")
    (handed_in / "~$good.xlsx").write_bytes(b"a lock file of Excel")
    with zipfile.ZipFile(handed_in / "foreign.xlsx", "w") as archive:
        archive.writestr("some.txt", "text")
    rows = rows_of(grade(handed_in, exercise, workers=2))
    errors = {name: row.marked.error for name, row in rows.items()}
    assert set(errors) == {"good", "damaged", "empty", "locked", "letter", "foreign"} and errors["good"] == ""
    assert all(error and "\n" not in error for name, error in errors.items() if name != "good")
    assert "password" in errors["locked"] and errors["empty"].startswith("is empty")


def test_a_process_that_dies_ends_nothing(exercise: Path, handed_in: Path, monkeypatch: Any) -> None:
    for n in range(4):
        Learner(exercise).save(handed_in / f"{n}.xlsx")
    monkeypatch.setattr(crew, "mark", dies)
    rows = grade(handed_in, exercise, workers=2).rows
    assert [bool(row.marked.error) for row in rows] == [False, True, False, False]
    assert rows[1].marked.error.startswith("marking it ended the process")


def dies(path: str, original: str, file: str, *more: Any) -> Marked:
    if file == "1.xlsx":
        import os

        os._exit(7)
    return mark(path, original, file, *more)


def test_what_cannot_be_used(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file to mark"):
        grade(handed_in, exercise)
    Learner(exercise).save(handed_in / "1.xlsx")
    loss, names = loss_of()
    export(loss, tmp_path / "export.xlsx", names=names)
    with pytest.raises(WorkbookError, match="is no worksheet"):
        grade(handed_in, tmp_path / "export.xlsx")
    with pytest.raises(ValueError, match="neither an .xlsx nor a .csv"):
        grade(handed_in, exercise, "marks.txt")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        grade(handed_in, exercise, tmp_path / "no" / "marks.xlsx")
