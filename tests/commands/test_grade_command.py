"""`saitama worksheet --class` and `saitama grade`: from a list of names to a table of marks."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from saitama.cli import main
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

SCRIPT = """
from saitama import dyadic, manual_seed
manual_seed(seed)
x, w = dyadic(2, name="x"), dyadic(2, name="w", requires_grad=True)
loss = (x * w).sum()
"""


def run(capsys: Any, *arguments: str) -> Any:
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "own.py").write_text(SCRIPT)
    (tmp_path / "names.csv").write_text("name,seed\nNumber One,11\nNumber Two,12\nNumber Three,13\n")
    return str(tmp_path / "own.py")


def fill(exercise: Path, solution: Path, path: Path) -> None:
    """What a learner with the solution would hand in."""
    book, workbook = open_workbook(solution), load_workbook(exercise)
    for places in read_graph(open_workbook(exercise)).places.values():
        if places.typed is not None:
            for _, row, column in places.typed.cells():
                workbook[places.sheet].cell(row, column).value = book[places.sheet][row, column].value
    workbook.save(path)


def test_a_class_from_names_to_marks(script: str, tmp_path: Path, capsys: Any) -> None:
    names, out, solved = (str(tmp_path / name) for name in ("names.csv", "class", "solved"))
    code, printed, _ = run(capsys, "worksheet", script, "--class", names, "-o", out)
    assert code == 0 and printed.startswith(f"3 worksheets in {out}, and class.csv with everyone's seed\n")
    assert run(capsys, "worksheet", script, "--class", names, "-o", solved, "--solution")[0] == 0
    with open(tmp_path / "class" / "class.csv", encoding="utf-8-sig") as file:
        assert list(csv.reader(file))[1] == ["Number One", "11", "Number One.xlsx"]
    first, second = (open_workbook(tmp_path / "class" / f"Number {n}.xlsx")["Exported"] for n in ("One", "Two"))
    assert [cell.value for cell in first.values()] != [cell.value for cell in second.values()]
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    for name in ("Number One", "Number Two"):
        fill(*(tmp_path / folder / f"{name}.xlsx" for folder in ("class", "solved", "in")))
    (handed_in / "Number Three.xlsx").write_bytes(b"no workbook")
    marks = str(tmp_path / "marks.xlsx")
    code, printed, _ = run(capsys, "grade", str(handed_in), "--original", out, "--class", names, "-o", marks)
    assert code == 1 and printed.startswith(
        f"{marks}: 3 rows: 2 marked, 1 could not be\n  Number Three: is not an .xlsx"
    )
    with open(tmp_path / "marks.csv", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["learner"], row["share"], row["flags"]) for row in rows[:2]] == [
        ("Number One", "1", ""),
        ("Number Two", "1", ""),
    ]
    code, printed, _ = run(capsys, "grade", str(handed_in), "--original", out, "--class", names, "-o", marks)
    assert code == 1 and "2 marked, 3 files unchanged since the run before" in printed


def test_what_cannot_be_done_is_one_line(script: str, tmp_path: Path, capsys: Any) -> None:
    names = str(tmp_path / "names.csv")
    for arguments, told in (
        (("worksheet", script, "--class", names, "-o", "a.xlsx"), "give a folder, not 'a.xlsx'"),
        (("worksheet", script, "--class", names, "--seed", "3", "-o", "a"), "leave --seed and --learner out"),
        (("worksheet", script, "--seed", "3", "-o", "folder"), "expected a name that ends with .xlsx"),
        (("worksheet", script, "--class", script, "-o", str(tmp_path / "x")), "own.py"),
        (("grade", str(tmp_path / "no"), "--original", script, "-o", "marks.xlsx"), "there is no such file or folder"),
        (("grade", names, "--original", script, "-o", "marks.xlsx"), "is not an .xlsx workbook"),
        (("grade", script, "--original", script, "-o", "marks.xlsx"), "there is no file to mark"),
    ):
        code, out, err = run(capsys, *arguments)
        assert code == 2 and told in err and err.count("\n") == 1, arguments
    assert not Path("marks.xlsx").exists()
