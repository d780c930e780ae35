"""Points: carried numbers count as right, and the teacher's list says how many each step has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from classroom import logistic, loss_of, rows_of
from pupil import Learner

from saitama.spreadsheets import grade, worksheet
from saitama.spreadsheets.grade.class_list import read_class


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
