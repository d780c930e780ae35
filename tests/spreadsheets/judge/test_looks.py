"""Formulas in the blanks of one step: which is not like the others."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from saitama import Tensor
from saitama.spreadsheets import verify, worksheet
from saitama.spreadsheets.judge.looks import Copied
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

ROW = {(5, 2): "=B1*B2", (5, 3): "=C1*C2", (5, 4): "=D1*D2", (5, 5): "=E1*E2"}


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("=D1*C2", "C2 in its formula stands still: it should have moved to D2"),
        ("=D1*F2", "its formula reads F2 where, like those beside it, D2 would stand"),
        ("=D1+D2", "the formula is another than those beside it; like them it would be =D1*D2"),
        (None, "a number stands among formulas; like those beside it, it would be =D1*D2"),
        ("=D1*D2", ""),
    ],
)
def test_the_odd_one(odd: str, said: str) -> None:
    assert Copied({**ROW, (5, 4): odd}).unlike((5, 4)) == said


def test_a_range_of_another_size() -> None:
    sums = {(5, 2): "=SUM(B1:B4)", (5, 3): "=SUM(C1:C4)", (5, 4): "=SUM(D1:D3)"}
    assert Copied(sums).unlike((5, 4)) == "its formula reads D1:D3, 3 cells, where those beside it read 4: D1:D4"


def test_others_that_do_not_agree_say_nothing() -> None:
    assert Copied({(1, 1): "=X1", (1, 2): "=Y9", (1, 3): "=A1"}).unlike((1, 3)) == ""
    assert Copied({(1, 1): "=X1", (1, 2): "=A1"}).unlike((1, 2)) == ""


def test_verify_tells_it(tmp_path: Path) -> None:
    a, b = Tensor([1.0, 2.0, 3.0, 4.0], name="a"), Tensor([0.5, 0.25, 2.0, 3.0], name="b")
    path = tmp_path / "page.xlsx"
    worksheet(a * b, path)
    carried = read_graph(open_workbook(path))
    first, second = (next(p.live for key, p in carried.places.items() if key.item.name == name) for name in "ab")
    (blank,) = [p.typed for p in carried.places.values() if p.typed is not None]
    workbook = openpyxl.load_workbook(path)
    for n, (_, row, column) in enumerate(blank.cells()):
        other = second.address((1 if n == 2 else n,))  # slides back by one
        workbook["Page"].cell(row, column).value = f"={first.address((n,))}*{other}"
    workbook.save(path)
    told = str(verify(path))
    assert "1 slip of your own" in told and "stands still: it should have moved" in told
