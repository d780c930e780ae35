"""Exports of a part: what is included or excluded by name, and what verify makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from saitama import manual_seed, nn, randn
from saitama.cli import main
from saitama.spreadsheets import export, load, recalculate, verify


def network() -> Any:
    manual_seed(0)
    x = randn(2, 3)
    x.name = "x"
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return (model(x) ** 2).mean(), model


@pytest.mark.parametrize(
    ("how", "gone", "there"),
    [
        ({"exclude": "0*"}, ["0.weight", "0.bias"], ["2.weight", "1.tanh"]),
        ({"include": ["2*", "1*"]}, ["0.weight", "x"], ["2.weight", "1.tanh"]),
        ({"include": "*", "exclude": ["x"]}, ["x"], ["0.weight", "2.bias"]),
    ],
)
def test_a_part_is_written_live_and_checked(how: Any, gone: Any, there: Any, tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    loss, model = network()
    path = tmp_path / "a.xlsx"
    written = export(loss, path, names=model, **how)
    assert not set(gone) & set(written.cells) and set(there) <= set(written.cells)
    assert all(any(line.startswith(f"{name}: ") for line in written.left_out) for name in gone)
    assert not recalculate(path, output=path, engine="ironcalc").errors
    found = verify(path)
    assert found.ok and found.checked > 20, str(found)
    with pytest.raises(Exception, match="has no cells here"):
        load(path)


def test_what_is_there_is_still_checked(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    loss, model = network()
    written = export(loss, tmp_path / "a.xlsx", names=model, exclude="0*")
    workbook = load_workbook(written)
    sheet, _, cells = written.cells["1.tanh"].rpartition("!")
    workbook[sheet.strip("'")][cells.split(":")[0]].value = 0.75
    workbook.save(tmp_path / "b.xlsx")
    recalculate(tmp_path / "b.xlsx", output=tmp_path / "b.xlsx", engine="ironcalc")
    assert not verify(tmp_path / "b.xlsx").ok


@pytest.mark.parametrize("how", [{"include": "nothing*"}, {"exclude": ["x", "y"]}])
def test_names_that_nothing_has(how: Any, tmp_path: Path) -> None:
    loss, model = network()
    with pytest.raises(ValueError, match="nothing is called '(nothing\\*|y)'; there are x, "):
        export(loss, tmp_path / "a.xlsx", names=model, **how)


def test_from_the_command_line(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "s.py").write_text(
        "from saitama import Tensor\na = Tensor([2.0], requires_grad=True)\nb = a * a\nloss = b.sum()\n"
    )
    assert main(["export", str(tmp_path / "s.py"), "-o", str(tmp_path / "a.xlsx"), "--exclude", "b"]) == 0
    capsys.readouterr()
    assert main(["export", str(tmp_path / "s.py"), "-o", str(tmp_path / "a.xlsx"), "--include", "c"]) == 2
    assert "nothing is called 'c'; there are a, b" in capsys.readouterr().err
