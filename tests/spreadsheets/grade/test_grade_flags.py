"""What a teacher should look at."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from classroom import flags, logistic, loss_of, negative
from pupil import Learner

from saitama.spreadsheets import worksheet
from saitama.spreadsheets.read.workbook import open_workbook


def test_flags(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    def inputs(workbook: Any) -> None:
        place = next(cell for row in workbook["Page"].iter_rows() for cell in row if cell.value == "x")
        workbook["Page"].cell(place.row + 2, place.column + 1).value = 77

    def key(workbook: Any) -> None:
        learner = Learner(exercise)
        (sheet, row, column) = next(iter(learner.typed))
        workbook[sheet].cell(row, column).value = "=Exported!C3"

    def structure(workbook: Any) -> None:
        workbook["Page"].insert_rows(6)

    Learner(exercise).save(handed_in / "1.xlsx", "inputs", inputs)
    Learner(exercise, decimals=3).save(handed_in / "2.xlsx", "key", key)
    Learner(exercise, decimals=4).save(handed_in / "3.xlsx", "moved", structure)
    other = tmp_path / "other.xlsx"
    loss, names = loss_of(5)
    worksheet(loss, other, names=names)
    Learner(other).save(handed_in / "4.xlsx", "other")
    found = flags(exercise, handed_in)
    assert found["inputs"].startswith("inputs changed: ") and "(x[0, 0])" in found["inputs"]
    assert "structure changed" in found["moved"]
    assert "another exercise: sheet " in found["other"] and "structure changed" not in found["other"]
    assert found["key"] == "", "what an exercise without a key has on Exported are the inputs"


def test_taken_from_the_key(handed_in: Path, tmp_path: Path) -> None:
    path = tmp_path / "keyed.xlsx"
    loss, names = loss_of()
    worksheet(loss, path, names=names, marks="true")
    learner = Learner(path)
    sheet, row, column = next(iter(learner.typed))
    from saitama.spreadsheets.address import cell_name
    from saitama.spreadsheets.read.carried import read_graph

    helpers = [block for block, hidden in read_graph(open_workbook(path)).helpers or () if hidden]
    address = cell_name(*helpers[0].at((0,) * len(helpers[0].shape)))

    def key(workbook: Any) -> None:
        workbook[sheet].cell(row, column).value = f"={address}"

    learner.save(handed_in / "1.xlsx", "one", key)
    found = flags(path, handed_in)["one"]
    assert found == f"taken from the key: {cell_name(row, column)}"


def test_identical_numbers_are_flagged(exercise: Path, handed_in: Path) -> None:
    Learner(exercise, {"h": logistic}).save(handed_in / "1.xlsx", "one")
    Learner(exercise, {"h": logistic}).save(handed_in / "2.xlsx", "two")
    Learner(exercise, {"h": negative}).save(handed_in / "3.xlsx", "three")
    found = flags(exercise, handed_in)
    assert found["one"] == "identical, number by number, to two, slips too"
    assert found["two"] == "identical, number by number, to one, slips too" and found["three"] == ""
    shutil.copy(handed_in / "1.xlsx", handed_in / "4.xlsx")
    assert "one" in flags(exercise, handed_in)["two"]
