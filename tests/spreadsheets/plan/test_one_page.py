"""What stands on a worksheet of one page: which graphs get one, its blanks, what is given, its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

import openpyxl
import pytest
from learner import Learner, layer, leaf, norm
from pages import blanks, fill, handed_in, type_in

from saitama import Tensor, optim
from saitama.autograd import Value
from saitama.spreadsheets import export, recalculate, verify, worksheet


def test_a_page_is_for_small_graphs(tmp_path: Path) -> None:
    x = leaf(0.5)
    names: Dict[str, Any] = {"x": x}
    for n in range(41):
        x = names[f"y{n}"] = x.tanh()
    worksheet(x, tmp_path / "w.xlsx", names=names)
    assert "Start" in openpyxl.load_workbook(tmp_path / "w.xlsx").sheetnames
    wide = leaf([[0.01 * n for n in range(20)]] * 21)
    worksheet((wide * wide).sum(), tmp_path / "v.xlsx", names={"wide": wide})
    assert "Start" in openpyxl.load_workbook(tmp_path / "v.xlsx").sheetnames
    worksheet((leaf([0.5]) * 2).sum(), tmp_path / "u.xlsx", layout="sheets")
    assert "Start" in openpyxl.load_workbook(tmp_path / "u.xlsx").sheetnames


def test_chosen_blanks(tmp_path: Path) -> None:
    root, names = layer()
    for chosen, there in (
        ("forward", {"net", "h", "e", "q", "L"}),
        (["h"], {"h", "dL/dh", "dL/dnet"}),
        ("backward", {"dL/dq", "dL/de", "dL/dh", "dL/dnet", "dL/dW", "dL/db"}),
    ):
        path = tmp_path / "w.xlsx"
        worksheet(root, path, names=names, blanks=chosen, overwrite=True)
        assert set(blanks(path)) <= there | {"net"} and set(blanks(path)) & there, chosen


def test_level_1_needs_no_gradient(tmp_path: Path) -> None:
    a, b = Tensor([[1.0, 2.0], [3.0, 4.5]]), Tensor([[0.5], [-1.25]])
    c = a @ b
    worksheet(c, tmp_path / "w.xlsx", names={"a": a, "b": b, "c": c})
    assert blanks(tmp_path / "w.xlsx").keys() == {"c"}
    type_in(tmp_path / "w.xlsx", {("c", (0, 0)): -2, ("c", (1, 0)): -4.125})
    assert verify(tmp_path / "w.xlsx").ok
    type_in(tmp_path / "w.xlsx", {("c", (1, 0)): 4.125})
    (difference,) = verify(tmp_path / "w.xlsx").differences
    assert difference.cause == "own" and difference.reason is not None and difference.reason.slug == "sign"


def test_a_scalar_engine_makes_pages_and_exports(tmp_path: Path) -> None:
    a, b = Value(2.0), Value(-3.0)
    c = (a * b + 10.0).tanh()
    worksheet(c, tmp_path / "w.xlsx", names={"a": a, "b": b, "c": c})
    assert {"c", "dc/da", "dc/db"} <= set(blanks(tmp_path / "w.xlsx"))
    export(c, tmp_path / "e.xlsx", names={"a": a, "b": b, "c": c})
    assert recalculate(tmp_path / "e.xlsx", engine="ironcalc")["Check!A3"].startswith("PASS")


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_the_step_of_an_optimizer(make: Any, tmp_path: Path) -> None:
    root, names = layer()
    step = make([names["W"]], lr=0.1)
    path = handed_in((root, names), tmp_path / "w.xlsx", {}, 6, optimizer=step)
    assert "p" in blanks(path) and verify(path).ok
    type_in(path, {("p", (0, 0)): 0.5 if make is optim.SGD else 0.4})
    causes: Tuple[Any, ...] = tuple(difference.cause for difference in verify(path).differences)
    assert causes == ("own",)


def test_fill_types_every_blank(tmp_path: Path) -> None:
    """What the other tests rely on."""
    root, names = norm()
    worksheet(root, tmp_path / "w.xlsx", names=names)
    fill(tmp_path / "w.xlsx", Learner(root, names, {}))
    assert verify(tmp_path / "w.xlsx").kinds == {"typed numbers": 85}


def test_what_is_given_stands_in_its_authors_order(tmp_path: Path) -> None:
    b, w, a = leaf(2.5), leaf([[0.5, 1.5]]), leaf(-1.5)
    V = leaf([[2.0, -0.5]])
    y = V * a + w * b
    path = tmp_path / "w.xlsx"
    worksheet(y, path, names={"a": a, "b": b, "V": V, "w": w, "y": y})
    sheet = openpyxl.load_workbook(path)["Page"]
    (top,) = (row for row in range(1, 20) if sheet.cell(row, 1).value == "given")
    shown = [
        cell.value for row in sheet.iter_rows(top + 1, top + 5, 2) for cell in row if cell.value in ("a", "b", "w", "V")
    ]
    assert shown == ["a", "b", "V", "w"]
    assert verify(handed_in((y, {"a": a, "b": b, "V": V, "w": w, "y": y}), path, {})).ok


def test_a_number_below_0_stands_in_brackets_behind_a_sign(tmp_path: Path) -> None:
    x = leaf(0.5)
    y = x * -0.5
    z = y / -2e-7
    worksheet(z + -3, tmp_path / "w.xlsx", names={"x": x, "y": y, "z": z})
    rules = [cell.value for cell in openpyxl.load_workbook(tmp_path / "w.xlsx")["Page"]["B"]]
    assert {"y = x · (-0.5)", "z = y / (-2e-07)"} <= set(rules)
    assert any(str(rule).endswith(" = z + (-3)") for rule in rules)
    assert any(str(rule).endswith("/dy · (-0.5)") for rule in rules)
