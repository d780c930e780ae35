"""`saitama recalc`, and --force: what a person sees, and the exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, List

import openpyxl
import pytest
from available import needs_ironcalc

from saitama.cli import main
from saitama.spreadsheets.read.workbook import open_workbook

SCRIPT = "from saitama import Tensor\na = Tensor(2.0, requires_grad=True, name='a')\nloss = (a * 3.0).tanh()\n"


def run(capsys: Any, *arguments: str) -> Any:
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refuses(capsys: Any, *arguments: str) -> str:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "") and err.startswith("saitama: ") and err.count("\n") == 1
    return str(err)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, *formulas: str) -> Path:
    """Formulas in column A, never calculated."""
    workbook = openpyxl.Workbook()
    for row, formula in enumerate(formulas, 1):
        workbook.active.cell(row, 1, f"={formula}")
    workbook.save(path)
    return path


def store(path: Path, old: bytes, new: bytes) -> None:
    """Change the bytes of the sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@needs_ironcalc
def test_formulas_are_counted_and_errors_are_listed(here: Path, capsys: Any) -> None:
    write(here / "a.xlsx", "1+1", *["1/0"] * 23)
    code, out, _ = run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc")
    lines = out.splitlines()
    assert code == 1 and lines[0].startswith("a.xlsx: 24 formulas calculated by ironcalc in ")
    assert lines[1:] == [f"  Sheet!A{row}: #DIV/0!" for row in range(2, 22)] + ["  and 3 more"]
    write(here / "b.xlsx", "1+1")
    code, out, _ = run(capsys, "recalc", "b.xlsx", "--engine", "ironcalc")
    assert code == 0 and "b.xlsx: 1 formula calculated" in out and out.count("\n") == 1
    code, out, _ = run(capsys, "recalc", "b.xlsx", "--engine", "ironcalc")
    assert (code, out.splitlines()[1:]) == (0, ["  1 of them had a stored result: these agree, and are kept"])


@needs_ironcalc
def test_what_differs_is_said_and_kept(here: Path, capsys: Any) -> None:
    path = write(here / "a.xlsx", *["1+1"] * 22, "MYADDIN(1)", "2+RAND()")
    run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc", "--force")
    store(path, b"<v>2</v>", b"<v>7</v>")
    before = path.read_bytes()
    code, out, err = run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc")
    assert (code, err) == (1, "") and path.read_bytes() == before
    lines = out.splitlines()
    assert lines[1] == "  23 of 24 results differ from the stored ones, the first Sheet!A1: stored 7, ironcalc 2"
    assert lines[2] == "  Sheet!A2: stored 7, ironcalc 2"
    assert lines[21:] == [
        "  and 3 more",
        "  Sheet!A23: #NAME?",
        "  ironcalc lacks MYADDIN",
        "  volatile functions may give something new at each calculation: RAND in Sheet!A24",
        "nothing was written: --force stores the results of ironcalc",
    ]
    assert run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc", "--force")[0] == 1  # MYADDIN is still not there
    assert open_workbook(path).cell("A1").value == 2.0


@needs_ironcalc
def test_force_writes_and_is_all_right(here: Path, capsys: Any) -> None:
    path = write(here / "a.xlsx", "1+1")
    run(capsys, "recalc", "a.xlsx")
    store(path, b"<v>2</v>", b"<v>7</v>")
    assert run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc")[0] == 1
    code, out, _ = run(capsys, "recalc", "a.xlsx", "--engine", "ironcalc", "--force")
    assert code == 0 and "nothing was written" not in out and open_workbook(path).cell("A1").value == 2.0


@needs_ironcalc
def test_an_output_that_is_somebodys(here: Path, capsys: Any) -> None:
    write(here / "a.xlsx", "1+1")
    write(here / "b.xlsx", "3+3")
    before = (here / "b.xlsx").read_bytes()
    message = refuses(capsys, "recalc", "a.xlsx", "-o", "b.xlsx")
    assert "b.xlsx is a workbook that saitama did not write" in message and "--force" in message
    assert (here / "b.xlsx").read_bytes() == before
    assert run(capsys, "recalc", "a.xlsx", "-o", "b.xlsx", "--force")[0] == 0
    assert open_workbook(here / "b.xlsx").cell("A1").value == 2.0


@needs_ironcalc
def test_all_engines(here: Path, capsys: Any) -> None:
    write(here / "a.xlsx", "1+1", "SQRT(4)")
    code, out, _ = run(capsys, "recalc", "a.xlsx", "--engine", "all")
    assert code == 0 and "2 formulas" in out and "differ" not in out
    code, out, _ = run(capsys, "recalc", "a.xlsx", "--engine", "all", "--timeout", "0.0001", "--force")
    assert code == 2


@needs_ironcalc
def test_timeout(here: Path, capsys: Any) -> None:
    write(here / "a.xlsx", "1+1")
    message = refuses(capsys, "recalc", "a.xlsx", "--engine", "ironcalc", "--timeout", "0.001")
    assert "it took more than 0.001 seconds and was stopped" in message
    with pytest.raises(SystemExit):
        main(["recalc", "a.xlsx", "--timeout", "-1"])


# --- filled-in work ---------------------------------------------------------------------------------------------------
def type_something(path: Path) -> None:
    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[1]["Z99"] = "mine"
    workbook.save(path)


@pytest.mark.parametrize(
    "command, name",
    [
        (["export", "s.py", "-o", "a.xlsx"], "a.xlsx"),
        (["worksheet", "s.py", "-o", "a.xlsx"], "a.xlsx"),
        (["export", "--model", "-o", "a.xlsx"], "a.xlsx"),
        (["demo", "-o", "out"], "out/network.xlsx"),
        (["demo", "-o", "out"], "out/by-hand-blank.xlsx"),
        (["demo", "-o", "out"], "out/by-hand-filled.xlsx"),
    ],
)
def test_commands_keep_what_somebody_made(here: Path, capsys: Any, command: List[str], name: str) -> None:
    (here / "s.py").write_text(SCRIPT)
    path = here / name
    path.parent.mkdir(exist_ok=True)
    openpyxl.Workbook().save(path)
    before = path.read_bytes()
    message = refuses(capsys, *command)
    assert f"{name} is a workbook that saitama did not write" in message and "--force" in message
    assert path.read_bytes() == before and [file.name for file in path.parent.glob("*.xlsx")] == [path.name]


def test_a_worksheet_again_and_by_force(here: Path, capsys: Any) -> None:
    (here / "s.py").write_text(SCRIPT)
    command = ["worksheet", "s.py", "-o", "a.xlsx"]
    assert run(capsys, *command)[0] == run(capsys, *command)[0] == 0
    type_something(here / "a.xlsx")
    assert "--force" in refuses(capsys, *command)
    assert run(capsys, *command, "--force")[0] == 0 and run(capsys, *command)[0] == 0


# --- links and terminals ----------------------------------------------------------------------------------------------
@needs_ironcalc
def test_through_a_link(here: Path, capsys: Any) -> None:
    (here / "real").mkdir()
    path = write(here / "real" / "a.xlsx", "1+1")
    (here / "link.xlsx").symlink_to(path)
    (here / "folder").symlink_to("real")
    assert run(capsys, "recalc", "link.xlsx")[0] == 0
    assert (here / "link.xlsx").is_symlink() and open_workbook(path).cell("A1").value == 2.0
    store(path, b"<v>2</v>", b"")
    assert run(capsys, "recalc", "folder/a.xlsx", "-o", "link.xlsx")[0] == 0  # the same file by two names
    assert open_workbook(path).cell("A1").value == 2.0 and os.listdir(here / "real") == ["a.xlsx"]


@needs_ironcalc
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_letters_that_the_terminal_does_not_have(here: Path, encoding: str) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "\u03b8\u2192\u0416"
    workbook.active["A1"] = "=1/0"
    workbook.save("a.xlsx")
    command = [sys.executable, "-m", "saitama", "recalc", "a.xlsx", "--engine", "ironcalc"]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": encoding}, stdout=subprocess.PIPE)
    assert done.returncode == 1 and b"A1: #DIV/0!" in done.stdout
