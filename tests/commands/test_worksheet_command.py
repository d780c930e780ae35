"""`saitama worksheet`: every option reaches the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pages import blanks

from saitama.cli import main
from saitama.spreadsheets import verify

SCRIPT = """
from saitama import Tensor, optim

start = globals().get("seed", 0)
x = Tensor([[0.5, 1.25]])
W = Tensor([[0.5 + start, -1.0], [0.75, 0.25]], requires_grad=True)
y = (x @ W).tanh()
loss = (y * y).sum()
step = optim.SGD([W], lr=0.1)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def page(capsys: Any, *options: str) -> Any:
    assert main(["worksheet", "net.py", "-o", "w.xlsx", "--force", *options]) == 0
    capsys.readouterr()
    return openpyxl.load_workbook("w.xlsx")["Page"]


def text(sheet: Any) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_a_page(capsys: Any) -> None:
    assert main(["worksheet", "net.py", "-o", "w.xlsx"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("w.xlsx") and told[-1].endswith("`saitama verify w.xlsx`")
    assert {"y", "loss", "dloss/dW"} <= set(blanks("w.xlsx"))


@pytest.mark.parametrize(
    ("chosen", "there", "not_there"),
    [
        ("forward", {"y", "loss"}, {"dloss/dy"}),
        ("backward", {"dloss/dW"}, {"y", "loss"}),
        ("y", {"y"}, {"loss"}),
        ("y, loss", {"y", "loss"}, {"dloss/dW"}),
    ],
)
def test_blanks(chosen: str, there: Any, not_there: Any, capsys: Any) -> None:
    page(capsys, "--blanks", chosen)
    assert there <= set(blanks("w.xlsx")) and not not_there & set(blanks("w.xlsx"))


def test_optimizer(capsys: Any) -> None:
    page(capsys, "--optimizer", "step")
    assert "p" in blanks("w.xlsx")
    page(capsys, "--optimizer", "step", "--blanks", "update")
    assert set(blanks("w.xlsx")) == {"p"}
    assert main(["worksheet", "net.py", "-o", "w.xlsx", "--force", "--optimizer", "W"]) == 2
    assert "the script has no optimizer 'W'; its optimizers are step" in capsys.readouterr().err


def test_layout(capsys: Any) -> None:
    assert main(["worksheet", "net.py", "-o", "w.xlsx", "--layout", "sheets"]) == 0
    assert "Start" in openpyxl.load_workbook("w.xlsx").sheetnames
    page(capsys, "--layout", "page")


def test_marks(capsys: Any) -> None:
    assert "does not, ≈ nearly" in text(page(capsys))
    assert "by the true numbers" in text(page(capsys, "--marks", "true"))
    sheet = page(capsys, "--no-key")
    assert "✓" not in text(sheet) and "Fill in the yellow cells from top to bottom." in text(sheet)


def test_solution_title_and_learner(capsys: Any) -> None:
    sheet = page(capsys, "--solution", "--title", "Sheet 3", "--learner", "Ada")
    assert verify("w.xlsx").ok
    assert sheet["A1"].value == "Sheet 3" and "Ada" in text(sheet)


def test_the_seed_reaches_the_script(capsys: Any) -> None:
    sheet = page(capsys, "--seed", "17")
    assert "17.5" in text(sheet) and "numbers 17" in text(sheet)
    assert "17.5" not in text(page(capsys))


def test_what_cannot_be_done(capsys: Any) -> None:
    assert main(["worksheet", "net.py", "-o", "w.xlsx"]) == 0
    blank = blanks("w.xlsx")["loss"][()]
    workbook = openpyxl.load_workbook("w.xlsx")
    workbook[blank[0]].cell(*blank[1:]).value = 1
    workbook.save("w.xlsx")
    assert main(["worksheet", "net.py", "-o", "w.xlsx"]) == 2  # somebody has typed in it
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["worksheet", "net.py", "-o", "v.xlsx", "--blanks", "nobody"]) == 2
    assert "nothing is called 'nobody'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["worksheet", "net.py", "-o", "w.xlsx", "--marks", "both"])
    capsys.readouterr()
