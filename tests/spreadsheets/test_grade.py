"""A class's worksheets marked: points, slips, flags, errors as rows, a second run, the workbook for the teacher."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path
from typing import Any, Dict, List

import pytest
from openpyxl import load_workbook
from pupil import Learner

from saitama import dyadic, manual_seed
from saitama.spreadsheets import Grades, WorkbookError, export, grade, worksheet
from saitama.spreadsheets.grade import crew
from saitama.spreadsheets.grade.class_list import read_class
from saitama.spreadsheets.grade.marked import Marked, mark
from saitama.spreadsheets.grade.previous import Previous
from saitama.spreadsheets.read.workbook import open_workbook


def loss_of(seed: int = 0) -> Any:
    manual_seed(seed)
    x, W, b = (
        dyadic(1, 2, name="x"),
        dyadic(2, 2, name="W", requires_grad=True),
        dyadic(2, name="b", requires_grad=True),
    )
    a = x @ W
    net = a + b
    h = net.tanh()
    loss = h.sum()
    return loss, locals()


def negative(learner: Learner, number: float) -> float:
    return -number


def logistic(learner: Learner, number: float) -> float:
    from math import exp

    return 1 / (1 + exp(-learner.number("net", *learner.index)))


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("exercise") / "exercise.xlsx"
    loss, names = loss_of()
    worksheet(loss, path, names=names)
    return path


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed in"
    folder.mkdir()
    return folder


def rows_of(grades: Grades) -> Dict[str, Any]:
    return {row.learner: row for row in grades.rows}


def test_points_count_carried_numbers_as_right(exercise: Path, handed_in: Path) -> None:
    Learner(exercise).save(handed_in / "1.xlsx", "right")
    Learner(exercise, {"h": logistic}).save(handed_in / "2.xlsx", "slip")
    Learner(exercise, {"a": None, "dloss/db": None}).save(handed_in / "3.xlsx", "blanks")
    rows = rows_of(grade(handed_in, exercise, workers=1))
    most = sum(rows["right"].most)
    assert rows["right"].earned == most == rows["right"].marked.tasks[0].blanks
    assert not rows["right"].marked.slip and not rows["right"].marked.flags and not rows["right"].flags
    slip = rows["slip"].marked
    assert rows["slip"].earned == most - 2 and slip.tasks[0].wrong == 2 and slip.tasks[0].carried > 2
    assert slip.reason == "wrong-operation" and slip.slip.startswith("h[0, 0] (")
    assert [step.name for step in slip.steps if step.wrong] == ["h"]
    assert rows["blanks"].earned == most - 4 and rows["blanks"].marked.tasks[0].empty == 4
    assert not rows["blanks"].marked.slip


def test_points_of_the_teachers_list(exercise: Path, handed_in: Path, tmp_path: Path) -> None:
    Learner(exercise, {"h": logistic, "a": None}).save(handed_in / "1.xlsx", "one")
    points = tmp_path / "points.csv"
    points.write_text("task,points\nPage,30\n")
    row = rows_of(grade(handed_in, exercise, points=points, workers=1))["one"]
    task = row.marked.tasks[0]
    assert row.most == [30.0] and row.earned == pytest.approx(30 * (task.blanks - 4) / task.blanks)
    points.write_text("h;4\nnet;2,5\n")
    row = rows_of(grade(handed_in, exercise, points=points, workers=1))["one"]
    assert row.most == [6.5] and row.earned == 2.5
    points.write_text("task,points\nPge,30\n")
    with pytest.raises(ValueError, match="nothing is called 'Pge'; there are Page, a"):
        grade(handed_in, exercise, points=points, workers=1)
    points.write_text("Page,many\n")
    with pytest.raises(ValueError, match="Page is worth 'many'"):
        grade(handed_in, exercise, points=points, workers=1)


def test_a_task_a_sheet(tmp_path: Path, handed_in: Path) -> None:
    loss, names = loss_of()
    path = tmp_path / "sheets.xlsx"
    worksheet(loss, path, names=names, layout="sheets")
    Learner(path, {"h": logistic}).save(handed_in / "one.xlsx")
    row = grade(handed_in, path, workers=1).rows[0]
    assert row.learner == "one"
    wrong = {task.name: task.wrong for task in row.marked.tasks}
    assert len(wrong) > 3 and wrong["3 h"] == 2 and sum(wrong.values()) == 2
    assert all(task.blanks == task.right + task.carried + task.wrong for task in row.marked.tasks)


# --- what a teacher should look at ------------------------------------------------------------------------------------
def flags(exercise: Path, folder: Path, **how: Any) -> Dict[str, str]:
    return {
        row.learner: "; ".join([*row.marked.flags, *row.flags])
        for row in grade(folder, exercise, workers=1, **how).rows
    }


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


# --- what cannot be marked --------------------------------------------------------------------------------------------
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


# --- a class with numbers of their own --------------------------------------------------------------------------------
def test_names_and_seeds_come_from_the_list(handed_in: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("Number One\nNumber Two\nNumber Three\nNumber Four\n")
    own = tmp_path / "own"
    own.mkdir()
    learners = read_class(names)
    for one in learners:
        loss, local = loss_of(one.seed)
        worksheet(loss, own / one.file, names=local, learner=one.name, seed=one.seed)
    Learner(own / "Number One.xlsx", decimals=3).save(handed_in / "number_one_final.xlsx", "Somebody Else")
    shutil.copy(handed_in / "number_one_final.xlsx", handed_in / "Number Two.xlsx")
    Learner(own / "Number Three.xlsx").save(handed_in / "who.xlsx", "Number Three")
    grades = grade(handed_in, own, names=names, workers=1)
    assert [row.learner for row in grades.rows] == ["Number One", "Number Two", "Number Three", "Number Four", "who"]
    one, two, three, four, who = grades.rows
    assert one.earned == sum(one.most) and "another name on the page: Somebody Else" in one.flags
    seeds = {learner.name: learner.seed for learner in learners}
    assert two.earned < sum(two.most)
    assert f"numbers {seeds['Number One']}, not the learner's {seeds['Number Two']}" in two.flags
    assert any("that of Number One" in flag for flag in two.flags)
    assert three.marked.error == four.marked.error == "handed in nothing"
    assert who.marked.error == "no learner of the class list has a name that is in the file's"
    assert len(grades.missing) == 2 and len(grades.errors) == 1


# --- the workbook for the teacher -------------------------------------------------------------------------------------
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
