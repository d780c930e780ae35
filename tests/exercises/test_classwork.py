"""A class's workbooks of the levels, marked: by the level and the teacher's list, whatever the files say."""

from __future__ import annotations

import csv
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping

import pytest
from openpyxl import load_workbook

from saitama.cli import main
from saitama.exercises import classwork
from saitama.exercises.classwork import Levels, is_handed_out, level_of
from saitama.exercises.guard import flat, steps_of
from saitama.exercises.levels import LEVELS, Level
from saitama.exercises.levels import level as whole
from saitama.exercises.numbers import seed_of
from saitama.exercises.workbook import page_of, write_level
from saitama.spreadsheets import Grades, grade
from saitama.spreadsheets.grade import crew
from saitama.spreadsheets.grade.marked import mark

NUMBER, OTHER = 5, 2
NAMES = ("Number One", "Number Two", "Number Three", "Number Four")


@lru_cache(maxsize=None)
def level(number: int) -> Level:
    """The level with its first three pages only, so that the tests are quick."""
    of = whole(number)
    return Level(of.number, of.text, of.pages[:3], of.code)


PAGES = [task.id for task in level(NUMBER).pages]


@pytest.fixture(autouse=True)
def _short_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classwork, "level", level)


def numbers_in(of: int, *ids: str) -> int:
    """How many numbers there are to fill in, on all pages or on these."""
    tasks = [task for task in level(of).pages if not ids or task.id in ids]
    return sum(len(step.cells) for task in tasks for step in steps_of(page_of(task, 1)))


OF = numbers_in(NUMBER)


def fill(
    path: Path, learner: str, number: int = NUMBER, slips: Iterable[str] = (), only: Iterable[str] = PAGES
) -> Path:
    """A learner's workbook, right but for the first planted slip of these tasks; other pages than `only` stay blank."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_level(level(number), learner, path)
    book, seed = load_workbook(path), seed_of(learner, number)
    for task in level(number).pages:
        if number == NUMBER and task.id not in only:
            continue
        planted: Mapping[str, Any] = next(iter(task.work(seed).slips.values())) if task.id in slips else {}
        for step in steps_of(page_of(task, seed)):
            numbers = flat(planted[step.name]) if step.name in planted else step.right
            for (row, column), value in zip(step.cells, numbers):
                book[task.sheet].cell(row, column).value = value
            if step.name in planted:
                break  # what comes after it stays empty
    book.save(path)
    return path


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Number One's workbook, all right."""
    return fill(tmp_path_factory.mktemp("filled") / "one.xlsx", "Number One")


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("name\n" + "\n".join(NAMES) + "\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where level 5 is handed in."""
    path = tmp_path / "in" / "level05"
    path.mkdir(parents=True)
    return path


def marked(folder: Path, names: Path, **how: Any) -> Dict[str, Any]:
    grades: Grades = grade(folder, Levels(names), workers=1, **how)
    return {row.learner: row for row in grades.rows}


def flags(row: Any) -> str:
    return "; ".join([*row.problems, *row.marked.flags, *row.flags])


def test_no_two_pages_of_a_level_have_one_title() -> None:
    for n in LEVELS:
        titles = [task.sheet.casefold() for task in whole(n).pages]
        assert len(set(titles)) == len(titles)


def test_a_class(folder: Path, names: Path, tmp_path: Path, filled: Path, capsys: Any) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    fill(folder / "Number_Two.xlsx", "Number Two", slips=[PAGES[0]], only=PAGES[:2])
    (folder / "number three.xlsx").write_bytes(filled.read_bytes()[:5000])
    shutil.copy(filled, folder / "Somebody.xlsx")
    marks, copies = tmp_path / "marks.xlsx", tmp_path / "marked"
    command = ["grade", str(folder.parent), "--class", str(names), "-o", str(marks), "--marked", str(copies)]
    assert main([*command, "--workers", "1"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{marks}: 5 rows: 2 marked, 2 could not be, 1 handed in nothing"
    with open(tmp_path / "marks.csv", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[: len(PAGES) + 2] == ["learner", *PAGES, "points"]
    assert [row["learner"] for row in rows] == [*NAMES, "Somebody"]
    one, two, three, four, other = rows
    assert (one["share"], one["points"], one["flags"]) == ("1", str(OF), "")
    assert two["reason"] in level(NUMBER).pages[0].work(seed_of("Number Two", NUMBER)).slips and two["of"] == str(OF)
    sheet = level(NUMBER).pages[0].sheet
    assert f"({sheet}!" in two["first slip"] and two[PAGES[-1]] == "0" and 0 < float(two["share"]) < 1
    assert "damaged" in three["flags"] and three["points"] == ""
    assert four["flags"] == "handed in nothing" and "no learner of the class list" in other["flags"]
    assert sorted(path.name for path in copies.rglob("*.xlsx")) == ["Number_One.xlsx", "Number_Two.xlsx"]
    copy = load_workbook(copies / "level05" / "Number_Two.xlsx")[sheet]
    assert any(cell.value == "what saitama says" for row in copy.iter_rows() for cell in row)
    statistics = load_workbook(marks)["Statistics"]
    table = {statistics.cell(n, 1).value: n for n in range(1, 60)}
    assert statistics.cell(table[PAGES[0]], 2).value == 2 * numbers_in(NUMBER, PAGES[0])
    assert len(statistics._charts) == 2


def test_a_second_run_marks_what_changed(
    folder: Path, names: Path, tmp_path: Path, filled: Path, monkeypatch: Any
) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    fill(folder / "Number_Two.xlsx", "Number Two", only=[])
    done: List[str] = []
    monkeypatch.setattr(crew, "mark", lambda *job: done.append(job[2]) or mark(*job))
    marks = tmp_path / "marks.xlsx"
    assert "nothing was filled in" in flags(marked(folder, names, output=marks)["Number Two"])
    assert done == ["Number_One.xlsx", "Number_Two.xlsx"]
    sheet = load_workbook(marks)
    sheet["Marks"].cell(5, 2).value = 2.5
    sheet.save(marks)
    fill(folder / "Number_Two.xlsx", "Number Two", only=PAGES[:1])
    rows = marked(folder, names, output=marks)
    assert done[2:] == ["Number_Two.xlsx"] and rows["Number One"].typed == {PAGES[0]: 2.5}
    assert rows["Number One"].earned == OF - numbers_in(NUMBER, PAGES[0]) + 2.5
    assert rows["Number Two"].earned == numbers_in(NUMBER, PAGES[0])


def test_a_learners_levels_are_one_row(folder: Path, names: Path, tmp_path: Path, filled: Path) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    fill(tmp_path / "in" / "level02" / "Number_One.xlsx", "Number One", OTHER)
    fill(tmp_path / "in" / "level02" / "Number_Two.xlsx", "Number Two", OTHER)
    (folder / "Number_Two.xlsx").write_bytes(b"damaged")
    (tmp_path / "in" / "level02" / "Number_One.py").write_text("code, which is tried by another command")
    shutil.copy(tmp_path / "in" / "level02" / "Number_Two.xlsx", tmp_path / "in" / "level02" / "Number_Three.xlsx")
    marks = tmp_path / "marks.xlsx"
    rows = marked(tmp_path / "in", names, output=marks)
    one, two, three, four = (rows[name] for name in NAMES)
    other, both = numbers_in(OTHER), numbers_in(OTHER) + OF
    assert one.share == 1 and one.of == both and flags(one) == ""
    assert flags(two).startswith("level 5: ") and (two.earned, two.of) == (other, both)
    assert "level 5: handed in nothing" in flags(three) and "level 2: another exercise" in flags(three)
    assert not four.counts and flags(four) == "" and four.marked.error == "handed in nothing"
    heads = [str(cell.value) for cell in load_workbook(marks)["Marks"][4]]
    tasks = [task.id for task in level(OTHER).pages]
    assert heads[1:10] == [*tasks, "level 2", *PAGES, "level 5", "points"]
    line = [cell.value for cell in load_workbook(marks, data_only=True)["Marks"][5]]
    assert (line[4], line[8], line[9]) == (other, OF, both)


def test_the_level_is_told_by_the_nearest_name(tmp_path: Path, filled: Path) -> None:
    for file, number in (
        ("level05/Ada.xlsx", 5),
        ("level05/Ada level 6.xlsx", 6),
        ("Ada/level11.xlsx", 11),
        ("level99/Ada.xlsx", None),
        ("Ada.xlsx", None),
    ):
        assert level_of(str(tmp_path / file), file) == number
    shutil.copy(filled, tmp_path / "Ada.xlsx")
    assert level_of(str(tmp_path / "Ada.xlsx"), "Ada.xlsx") == NUMBER  # by what it says on its front


# --- who would cheat --------------------------------------------------------------------------------------------------
def test_another_learners_workbook_under_ones_own_name(folder: Path, names: Path, filled: Path) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    shutil.copy(filled, folder / "Number_Two.xlsx")  # renamed
    book = load_workbook(filled)  # the name on every page changed too
    for sheet in book:
        for row in sheet["A1:Z3"]:
            for cell in row:
                if cell.value == "Number One":
                    cell.value = "Number Three"
    book.save(folder / "Number_Three.xlsx")
    rows = marked(folder, names)
    two, three = rows["Number Two"], rows["Number Three"]
    assert rows["Number One"].share == 1 and two.share < 0.7 and three.share < 0.7  # some follows from the slips
    assert "another exercise on all pages, that of Number One" in flags(two)
    assert "another name on all pages: Number One" in flags(two)
    assert f"numbers {seed_of('Number One', NUMBER)}, not the learner's" in flags(three)
    assert "identical, number by number, to Number One" in flags(three) and "another name" not in flags(three)


def test_another_learners_numbers_in_ones_own_workbook(folder: Path, names: Path, filled: Path) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    copied = max(level(NUMBER).pages, key=lambda task: numbers_in(NUMBER, task.id))
    fill(folder / "Number_Two.xlsx", "Number Two", only=[id for id in PAGES if id != copied.id])
    book, other = load_workbook(folder / "Number_Two.xlsx"), load_workbook(filled)
    for step in steps_of(page_of(copied, seed_of("Number One", NUMBER))):
        for row, column in step.cells:
            book[copied.sheet].cell(row, column).value = other[copied.sheet].cell(row, column).value
    book.save(folder / "Number_Two.xlsx")
    rows = marked(folder, names)
    assert f"{copied.id}: identical, number by number, to Number One" in flags(rows["Number Two"])
    wrong = {task.name for task in rows["Number Two"].marked.tasks if task.wrong}
    assert wrong == {copied.id}


def test_pages_hidden_taken_out_and_put_in(folder: Path, names: Path, filled: Path) -> None:
    book = load_workbook(filled)
    first, second = (task.sheet for task in level(NUMBER).pages[:2])
    book[first].sheet_state = "hidden"
    del book[second]
    book.create_sheet(second[:-1] + "!")  # almost the same title
    book.save(folder / "Number_One.xlsx")
    row = marked(folder, names)["Number One"]
    shares = {task.name: task.share for task in row.marked.tasks}
    assert shares.pop(PAGES[1]) == 0 and set(shares.values()) == {1.0}
    assert f"{PAGES[1]}: the sheet '{second}' is missing" in flags(row)
    book = load_workbook(filled)
    for task in level(NUMBER).pages:
        del book[task.sheet]
    book.save(folder / "Number_One.xlsx")
    found = flags(marked(folder, names)["Number One"])
    assert found == "it has no page of this exercise: it is another workbook"


# --- the folder that was handed out -----------------------------------------------------------------------------------
@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """As `learn --class` writes it, for two learners; Number Two's has a page less, as from another version."""
    path = tmp_path / "out"
    for name, pages in (("Number One", 3), ("Number Two", 2)):
        of, file = level(NUMBER), path / "level05" / f"{name.replace(' ', '_')}.xlsx"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_level(Level(of.number, of.text, of.pages[:pages], of.code), name, file)
    return path


@pytest.mark.parametrize("which", ["out", "out/level05"])
@pytest.mark.parametrize("listed", [False, True])
def test_what_was_handed_out_is_what_counts(
    originals: Path, which: str, listed: bool, folder: Path, names: Path, tmp_path: Path, filled: Path, capsys: Any
) -> None:
    shutil.copy(filled, folder / "Number_One.xlsx")
    shutil.copy(originals / "level05" / "Number_Two.xlsx", folder / "Number_Two.xlsx")
    fill(folder / "Number_Two.xlsx", "Number Two", only=PAGES[:0])
    marks = tmp_path / "marks.xlsx"
    command = ["grade", str(folder.parent), "--original", str(tmp_path / which), "-o", str(marks), "--workers", "1"]
    assert main([*command, *(["--class", str(names)] if listed else [])]) == 0
    with open(tmp_path / "marks.csv", encoding="utf-8-sig") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(NAMES if listed else NAMES[:2])
    assert (rows["Number One"]["points"], rows["Number One"]["of"]) == (str(OF), str(OF))
    two = rows["Number Two"]
    assert (two["points"], two["of"]) == ("0", str(numbers_in(NUMBER, *PAGES[:2]))) and two["flags"]


def test_a_folder_of_worksheets_is_no_level(tmp_path: Path) -> None:
    (tmp_path / "level05").mkdir()
    (tmp_path / "level05" / "Number One.xlsx").write_bytes(b"no workbook")
    assert not is_handed_out(tmp_path) and not is_handed_out(tmp_path / "level05")
