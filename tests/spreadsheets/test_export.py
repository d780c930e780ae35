"""What an exported workbook promises."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Dict, List

import openpyxl
import pytest
from available import ENGINES

from saitama import Tensor
from saitama.autograd.function import apply
from saitama.spreadsheets import export, read_tensor, recalculate, verify, worksheet
from saitama.spreadsheets.texts import sheet_title
from saitama.tensor import cat, where


def network(dtype: str = "float64") -> Dict[str, Tensor]:
    x = Tensor([0.05, 0.10], dtype=dtype, name="x")
    w = Tensor([[0.15, 0.20], [0.25, 0.30]], dtype=dtype, requires_grad=True)
    b = Tensor(0.35, dtype=dtype, requires_grad=True)
    h = (w @ x + b).sigmoid()
    loss = ((h - Tensor([0.01, 0.99], dtype=dtype)) ** 2).sum()
    return {"x": x, "w": w, "b": b, "h": h, "loss": loss}


def status(path: Any) -> str:
    return str(recalculate(path, engine="ironcalc")["Check!A3"])


def test_sheets_names_and_counts(tmp_path: Path) -> None:
    names = network()
    made = export(names["loss"], tmp_path / "a.xlsx", names=names)
    assert made.sheets[:2] == ("Start", "Inputs")
    assert made.sheets[-3:] == ("Check", "Exported", "Graph")
    assert "3 h" in made.sheets and "1 matmul" in made.sheets
    assert (made.nodes, os.fspath(made), made.left_out) == (6, str(tmp_path / "a.xlsx"), ())
    found = recalculate(made, engine="ironcalc")
    assert found["Check!A3"] == found["Start!A4"] == f"PASS: all {made.formulas} formulas agree with the framework"


def test_gradients_and_tensors_of_the_user_stay_as_they_were(tmp_path: Path) -> None:
    names = network()
    export(names["loss"], tmp_path / "a.xlsx")
    assert names["w"].grad is None
    names["loss"].backward(retain_graph=True)
    before = names["w"].grad.tolist()
    export(names["loss"], tmp_path / "a.xlsx")
    assert names["w"].grad.tolist() == before


def test_doubles_are_written_exactly(tmp_path: Path) -> None:
    values = [math.pi, 1 / 3, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1e-7, 123456789.123456789]
    export(Tensor(values, requires_grad=True, name="v").sum() * 0.0, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Inputs"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert any(row[1 : 1 + len(values)] == values for row in rows)


def test_infinities_and_nan_are_text(tmp_path: Path) -> None:
    x = Tensor([1.0, math.inf, -math.inf], requires_grad=True, name="x")
    export((x + Tensor([1.0, 2.0, math.nan])).sum(), tmp_path / "a.xlsx")
    values = [c.value for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["Inputs"].iter_rows() for c in row]
    assert {"inf", "-inf", "nan"} <= set(map(str, values))
    assert status(tmp_path / "a.xlsx").startswith("PASS")


def test_masked_attention_scores_recalculate(tmp_path: Path) -> None:
    q = Tensor([[0.5, 1.0], [0.25, -1.0], [1.5, 0.125]], requires_grad=True, name="Q")
    k = Tensor([[1.0, 0.5], [-0.25, 1.0], [0.75, -0.5]], requires_grad=True, name="K")
    mask = Tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]) > 0.5
    scores = apply("Where", [mask, q @ k.transpose(0, 1), Tensor(-math.inf)])
    for op in ("Softmax", "LogSoftmax"):
        p = apply(op, [scores], dim=1)
        loss = (apply("Where", [mask, p, Tensor(0.0)]) * Tensor([[1.0, 2.0, 3.0]])).sum()
        made = export(loss, tmp_path / "a.xlsx", names={"scores": scores, "p": p})
        target = tmp_path / "b.xlsx"
        assert str(recalculate(made, engine="ironcalc", output=target)["Check!A3"]).startswith("PASS")
        assert verify(target).ok


@pytest.mark.parametrize("op", ["Exp", "Log", "Sqrt", "Tanh", "Sigmoid", "ReLU", "Abs", "Neg"])
def test_values_that_only_ieee_arithmetic_has(op: str, tmp_path: Path) -> None:
    x = Tensor([1.0, -1.0, 0.0, 800.0, -800.0, math.inf, -math.inf, math.nan], requires_grad=True, name="x")
    y = apply(op, [x])
    made = export((y * 0.0).sum(), tmp_path / "a.xlsx", names={"y": y})
    found = recalculate(made, engine="ironcalc")
    forward = [found.values["Check"][f"G{row}"] for row in range(11, 60) if found[f"Check!B{row}"] == "y"]
    assert forward == ["PASS"]


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Maximum", "Minimum", "Lt", "Ge", "Eq", "Ne"])
def test_arithmetic_with_infinities(op: str, tmp_path: Path) -> None:
    special = [2.0, -3.0, 0.0, math.inf, -math.inf, math.nan]
    a = Tensor([[v] * len(special) for v in special], requires_grad=True, name="a")
    y = apply(op, [a, Tensor([special])])
    z = apply("Cast", [y], dtype="float64") if y.dtype == "bool" else y
    made = export((z * a * 0.0).sum(), tmp_path / "a.xlsx", names={"y": y})
    found = recalculate(made, engine="ironcalc")
    forward = [found.values["Check"][f"G{row}"] for row in range(11, 60) if found[f"Check!B{row}"] == "y"]
    assert forward == ["PASS"]


@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_that_add_up_to_infinities(engine: str, tmp_path: Path) -> None:
    x = Tensor([[1.0], [0.0], [-1.0]], requires_grad=True, name="x")
    b = Tensor([1.0, 2.0], requires_grad=True, name="b")
    chosen = where(x > 0, x.log(), x * 0.1)  # the famous trap: 0 * inf from the side that was not chosen
    y = x.log() * 0.0 + b
    loss = (y * y).sum() + chosen.sum() + (x * Tensor([[1.0, math.inf]])).sum()
    target = tmp_path / "b.xlsx"
    recalculate(export(loss, tmp_path / "a.xlsx"), engine=engine, output=target)
    assert verify(target).differences == []


def test_float32(tmp_path: Path) -> None:
    names = network("float32")
    made = export(names["loss"], tmp_path / "a.xlsx", names=names)
    assert status(made).startswith("PASS")


def test_a_zero_size_tensor_is_labelled(tmp_path: Path) -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    made = export(cat([x, x[0:0]], dim=0).sum() + x[0:0].sum(), tmp_path / "a.xlsx")
    texts = [c.value for s in openpyxl.load_workbook(made.path) for row in s.iter_rows() for c in row]
    assert "(empty)" in texts
    assert status(made).startswith("PASS")


def test_a_tensor_past_max_cells_is_summarised_and_said_to_be(tmp_path: Path) -> None:
    table = Tensor([[float(i + j) / 8 for j in range(3)] for i in range(10)], requires_grad=True, name="table")
    rows = apply("Take", [table, Tensor([1, 4, 1], dtype="int64")], dim=0)
    loss = (rows * rows).tanh().sum()
    made = export(loss, tmp_path / "a.xlsx", names={"rows": rows, "loss": loss}, max_cells=20)
    assert any("table" in line for line in made.left_out)
    target = tmp_path / "b.xlsx"
    found = recalculate(made, engine="ironcalc", output=target)
    assert str(found["Check!A3"]).startswith("PASS")
    shown = [str(value) for value in found.values["Start"].values()]
    assert any("rows: not live, because table has no cells" in text for text in shown)
    result = verify(target)
    assert result.ok and result.kinds["formulas"] > 0
    assert any("table" in line for line in result.not_checked)


@pytest.mark.parametrize("engine", ENGINES)
def test_changed_inputs_are_followed_and_not_called_wrong(engine: str, tmp_path: Path) -> None:
    names = network()
    made = export(names["loss"], tmp_path / "a.xlsx", names=names)
    workbook = openpyxl.load_workbook(made.path)
    sheet = workbook["Inputs"]
    (place,) = [c.coordinate for row in sheet.iter_rows() for c in row if c.value == 0.15]
    sheet[place] = 0.75
    workbook.save(made.path)
    found = recalculate(made, engine=engine, output=made.path)
    assert str(found["Check!A3"]).startswith("1 input cell(s) changed")
    assert found["Start!A4"] == found["Check!A3"]
    assert verify(made).ok  # the live formulas hold the values and gradients of the new input
    w = Tensor([[0.75, 0.20], [0.25, 0.30]], requires_grad=True)
    h = (w @ names["x"] + names["b"]).sigmoid()
    loss = ((h - Tensor([0.01, 0.99])) ** 2).sum()
    assert found["'6 loss'!B10"] == pytest.approx(loss.item(), rel=1e-12)


def test_inputs_are_unlocked_and_all_else_is_protected(tmp_path: Path) -> None:
    made = export(network()["loss"], tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    unlocked = {s.title for s in workbook for row in s.iter_rows() for c in row if not c.protection.locked}
    assert unlocked == {"Inputs", "Check"}  # Check: the tolerances
    assert all(s.protection.sheet and not s.protection.password for s in workbook)
    assert [s.title for s in workbook if s.sheet_state == "hidden"] == ["Exported", "Graph"]


def test_a_tensor_used_many_times_sums_all_its_gradients(tmp_path: Path) -> None:
    x = Tensor(0.5, requires_grad=True, name="x")
    total = x * 1.0
    for n in range(300):
        total = total + x * float(n)
    made = export(total, tmp_path / "a.xlsx")
    assert status(made).startswith("PASS")


def test_sums_too_long_for_one_cell_are_split(tmp_path: Path) -> None:
    x = Tensor([[[0.25], [0.5]]] * 900, requires_grad=True, name="x")  # (900, 2, 1)
    made = export(x.sum(dim=0).tanh().sum(), tmp_path / "a.xlsx")
    assert status(made).startswith("PASS")


# --- errors that teach ----------------------------------------------------------------------------------
def test_a_root_that_is_no_tensor(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="the root is a float"):
        export(1.0, tmp_path / "a.xlsx")  # type: ignore[arg-type]


def test_a_root_without_a_graph(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="set requires_grad=True on"):
        export(Tensor(1.0) * 2, tmp_path / "a.xlsx")


def test_a_root_of_many_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\).*\.sum\(\)"):
        export(network()["h"], tmp_path / "a.xlsx")


def test_a_freed_graph(tmp_path: Path) -> None:
    loss = network()["loss"]
    loss.backward()
    with pytest.raises(RuntimeError, match="call export before backward"):
        export(loss, tmp_path / "a.xlsx")


@pytest.mark.parametrize("how", [{"max_cells": 0}, {"max_cells": True}, {"names": 3}])
def test_wrong_arguments(how: Dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError), match="give"):
        export(network()["loss"], tmp_path / "a.xlsx", **how)
    assert list(tmp_path.iterdir()) == []


def test_file_names(tmp_path: Path) -> None:
    loss = network()["loss"]
    with pytest.raises(ValueError, match="xlsx"):
        export(loss, tmp_path / "a.txt")
    with pytest.raises(OSError, match="missing"):
        export(loss, tmp_path / "missing" / "a.xlsx")
    (tmp_path / "a.xlsx").write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        export(loss, tmp_path / "a.xlsx", overwrite=False)
    assert (tmp_path / "a.xlsx").read_text() == "mine"


def test_sheet_titles_are_what_excel_takes() -> None:
    taken: List[str] = ["Start"]
    for text in ["a[b]:c*d?e/f\\g", "x" * 40, "X" * 40, "History", "'quoted'", "wow!", "", "start", "é" * 31]:
        title = sheet_title(text, taken)
        assert 1 <= len(title) <= 31 and not set(title) & set("[]:*?/\\!")
        assert title[0] != "'" != title[-1] and title.lower() != "history"
        assert title.lower() not in {other.lower() for other in taken}
        taken.append(title)


@pytest.mark.parametrize("engine", ENGINES)
def test_names_of_any_spelling_are_computed_with(engine: str, tmp_path: Path) -> None:
    loss = Tensor(0.0)
    for name in ["f(x)", "wow!", "it's", "a:b", "1e5", "B2:D4", "日本 (ü)"]:
        x = Tensor([1.0, 2.0], requires_grad=True, name=name)
        y = x * x
        y.name = name
        loss = loss + y.sum() + y.mean()
    target = tmp_path / "b.xlsx"
    recalculate(export(loss, tmp_path / "a.xlsx"), engine=engine, output=target)
    report = verify(target)
    assert report.differences == [] and report.ok


def test_names_that_look_like_formulas_stay_text(tmp_path: Path) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="=1+1")
    made = export(x.sum(), tmp_path / "a.xlsx")
    assert recalculate(made, engine="ironcalc").errors == {}
    assert status(made).startswith("PASS")


def test_where_the_numbers_of_a_tensor_stand(tmp_path: Path) -> None:
    names = network()
    made = export(names["loss"], tmp_path / "a.xlsx", names=names)
    blank = worksheet(names["loss"], tmp_path / "b.xlsx", names=names, blanks=["h"], layout="sheets")
    recalculate(made, engine="ironcalc", output=made)
    names["loss"].backward()
    for name, true in {**names, "dloss/dw": names["w"].grad, "dloss/db": names["b"].grad}.items():
        assert read_tensor(made, made.cells[name]).reshape(-1).tolist() == pytest.approx(true.reshape(-1).tolist())
    assert {"dloss/dloss", "dloss/dh", "dloss/dh through sub4"} <= set(made.cells)
    assert set(blank.cells) == set(made.cells)
    sheet, _, block = blank.cells["h"].rpartition("!")
    (blanks,) = openpyxl.load_workbook(blank)[sheet.strip("'")][block]
    assert [cell.value for cell in blanks] == [None, None] and not any(cell.protection.locked for cell in blanks)
