"""verify: what is right, wrong, blank or not calculated, and workbooks that cannot be verified."""

from __future__ import annotations

import importlib
import json
from datetime import datetime, time
from pathlib import Path
from typing import Any, Callable, Dict

import openpyxl
import pytest

from saitama import Tensor, where
from saitama.spreadsheets import WorkbookError, export, recalculate, verify
from saitama.spreadsheets.graph.format import SHEET
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook


@pytest.fixture()
def calculated(tmp_path: Path) -> Path:
    x = Tensor([0.5, 1.0], name="x")
    w = Tensor([[0.15, 0.20], [0.25, 0.30]], requires_grad=True, name="w")
    h = (w @ x).sigmoid()
    h.name = "h"
    path = tmp_path / "a.xlsx"
    export((h * h).sum(), path)
    recalculate(path, engine="ironcalc", output=path)
    return path


def edit(path: Path, change: Callable[[Any], None], again: bool = True) -> None:
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)
    if again:
        recalculate(path, engine="ironcalc", output=path)


def place_of(path: Path, name: str) -> Any:
    """Where an input stands."""
    carried = read_graph(open_workbook(path))
    return carried.places[Value(next(leaf for leaf in carried.graph.leaves if leaf.name == name))].live


def put(sheet: str, cell: str, value: Any) -> Callable[[Any], None]:
    def change(workbook: Any) -> None:
        workbook[sheet][cell].value = value

    return change


def test_all_right(calculated: Path) -> None:
    result = verify(calculated)
    assert result.ok and result.differences == [] and result.not_checked == []
    kinds = result.kinds
    assert kinds["formulas"] == kinds["framework values"] == kinds["differences"] == result.checked / 3 > 20
    assert "all right" in str(result)


def test_never_calculated_is_not_wrong(calculated: Path) -> None:
    edit(calculated, lambda workbook: None, again=False)  # openpyxl drops calculated values
    assert {difference.kind for difference in verify(calculated).differences} == {"not calculated"}


def test_a_changed_framework_value_is_named(calculated: Path) -> None:
    edit(calculated, put("2 h", "E11", 0.9))
    (difference,) = verify(calculated).differences
    assert (difference.address, difference.kind, difference.found) == ("'2 h'!E11", "wrong", 0.9)
    assert difference.what == "h[0] = sigmoid(matmul1)[0], the framework's value"


def test_a_formula_replaced_by_a_typed_number_is_judged_as_typed(calculated: Path) -> None:
    true = recalculate(calculated, engine="ironcalc")["'2 h'!B11"]
    assert isinstance(true, float)
    edit(calculated, put("2 h", "B11", round(true, 3)))
    assert not any(d.cell == "B11" and d.sheet == "2 h" for d in verify(calculated).differences)
    edit(calculated, put("2 h", "B11", round(true, 3) + 0.003))
    assert any(d.cell == "B11" and d.sheet == "2 h" and d.kind == "wrong" for d in verify(calculated).differences)


def test_a_formula_taken_out_is_blank(calculated: Path) -> None:
    edit(calculated, put("2 h", "B11", None))
    assert ("B11", "blank") in {(d.cell, d.kind) for d in verify(calculated).differences if d.sheet == "2 h"}


def test_tolerances(calculated: Path) -> None:
    edit(calculated, put("4 sum", "B10", "=SUM('3 mul'!B11:C11)*1.0001"))
    assert not verify(calculated).ok
    assert verify(calculated, rtol=1e-3).ok
    with pytest.raises(ValueError, match="rtol"):
        verify(calculated, rtol=-1.0)
    with pytest.raises(ValueError, match="rtol"):
        verify(calculated, rtol=float("nan"))


# --- workbooks that cannot be verified ------------------------------------------------------------------
def test_a_workbook_of_somebody_else(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError, match="carries no graph"):
        verify(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    "sheet, message", [("Graph", "carries no graph"), ("2 h", "'2 h' is missing"), ("Exported", "missing")]
)
def test_a_missing_sheet(sheet: str, message: str, calculated: Path) -> None:
    edit(calculated, lambda workbook: workbook.remove(workbook[sheet]), again=False)
    with pytest.raises(WorkbookError, match=message):
        verify(calculated)


@pytest.mark.parametrize(
    "value, advice",
    [
        ("abc", "holds the text 'abc'; type it as a number"),
        ("1,5", "holds the text '1,5'; it has a decimal comma.*: type 1.5"),
        (None, "is blank; type a number there"),
        ("=1/0", "holds the error #DIV/0!"),
        (True, "holds the truth value TRUE; type a number"),
        ("=TRUE", "holds the truth value TRUE"),
        (datetime(2025, 5, 1), r"holds the date 2025-05-01 \(stored as 45778\); set the cell's format to General"),
        (time(1, 30), "holds the date 1:30"),
    ],
)
def test_an_input_that_is_no_number(value: Any, advice: str, calculated: Path) -> None:
    edit(calculated, put("Inputs", "B9", value))
    with pytest.raises(WorkbookError, match=r"'Inputs'!B9 \(w\[0, 0\]\) " + advice):
        verify(calculated)


def test_a_truth_value_is_an_input_of_truth_values(tmp_path: Path) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    flags = Tensor([True, False], name="flags")
    path = export(where(flags, x, x * 2).sum(), tmp_path / "a.xlsx").path
    block = place_of(path, "flags")
    edit(path, put("Inputs", block.address((0,)), False))
    result = verify(path)
    assert [d for d in result.differences if "framework" not in d.what and "difference" not in d.what] == []
    assert result.changed_inputs == [f"Inputs!{block.address((0,))} (flags[0])"]


def test_an_input_beyond_float32(tmp_path: Path) -> None:
    x = Tensor([1.0, 2.0], dtype="float32", requires_grad=True, name="x")
    path = export((x * x).sum(), tmp_path / "a.xlsx").path
    edit(path, put("Inputs", place_of(path, "x").address((0,)), 1e300), again=False)
    with pytest.raises(WorkbookError, match=r"\(x\[0\]\) holds 1e\+300, which is outside the range of float32"):
        verify(path)


def test_inputs_that_were_changed_are_said_in_one_line(calculated: Path) -> None:
    edit(calculated, put("Inputs", "B9", 0.4))
    result = verify(calculated)
    assert result.ok and result.changed_inputs == ["Inputs!B9 (w[0, 0])"]
    assert "  inputs changed since the export: 1: Inputs!B9 (w[0, 0])" in str(result).splitlines()
    assert result.as_dict()["changed_inputs"] == result.changed_inputs


@pytest.mark.parametrize("sheet", ["2 h", "Inputs"])
@pytest.mark.parametrize(
    "method, place", [("rows", 3), ("rows", 9), ("rows", 10), ("cols", 1), ("cols", 2), ("cols", 3), ("cols", 5)]
)
@pytest.mark.parametrize("what", ["insert", "delete"])
def test_rows_and_columns_that_moved(sheet: str, method: str, place: int, what: str, calculated: Path) -> None:
    """Put in or taken out anywhere, also in the middle of a block."""
    edit(calculated, lambda workbook: getattr(workbook[sheet], f"{what}_{method}")(place), again=False)
    with pytest.raises(WorkbookError, match="moved or taken out"):
        verify(calculated)


# --- what is shown is judged ------------------------------------------------------------------------------------
def test_a_difference_that_says_something_else(calculated: Path) -> None:
    edit(calculated, put("2 h", "H11", 0.5))
    (difference,) = verify(calculated).differences
    assert (difference.address, difference.kind, difference.found, difference.expected) == (
        "'2 h'!H11",
        "wrong",
        0.5,
        0,
    )
    assert difference.what == "h[0] = sigmoid(matmul1)[0], the difference of formula and framework"


def test_a_difference_that_hides_an_error(calculated: Path) -> None:
    edit(calculated, put("2 h", "B11", "=0.9"), again=False)
    edit(calculated, put("2 h", "H11", "=0*B11"))
    cells = {d.cell for d in verify(calculated).differences if d.sheet == "2 h"}
    assert {"B11", "H11"} <= cells


def test_a_workbook_in_which_nothing_can_be_checked(calculated: Path) -> None:
    def nowhere(described: Dict[str, Any]) -> None:
        for item in [*described["leaves"], *described["nodes"]]:
            item.update({name: None for name in ("value", "gradient", "forward", "arriving") if name in item})
            item.update({"contributions": []} if "contributions" in item else {})

    edit(calculated, hostile(nowhere), again=False)
    with pytest.raises(WorkbookError, match="0 cells checked: there is nothing to compare.*w, which has no cells"):
        verify(calculated)


def test_more_differences_than_anybody_looks_at(calculated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(calculated, lambda workbook: None, again=False)  # nothing is calculated
    monkeypatch.setattr(importlib.import_module("saitama.spreadsheets.judge.compared"), "MAX_DIFFERENCES", 10)
    result = verify(calculated)
    assert len(result.differences) == 10
    assert result.not_checked == ["what comes after the first 10 differences"]


@pytest.mark.parametrize(
    "take_away, what",
    [
        (lambda d: d["nodes"][1].update(forward=None), "says where h is"),
        (lambda d: d["nodes"][1].update(arriving=None), "says where dsum4/dh is"),
        (lambda d: d["nodes"][1].update(contributions=[]), "says where dsum4/dmatmul1 through h is"),
        (lambda d: d["leaves"][0].update(gradient=None), "says where dsum4/dw is"),
        (lambda d: d["nodes"][1]["forward"].pop("framework"), "a value of the framework of the sheet '2 h' is missing"),
    ],
)
def test_a_tensor_that_has_no_place_any_more(take_away: Any, what: str, calculated: Path) -> None:
    edit(calculated, hostile(take_away), again=False)
    with pytest.raises(WorkbookError, match=f"its structure was changed: (nothing )?{what}"):
        verify(calculated)


def hostile(change: Callable[[Dict[str, Any]], None]) -> Callable[[Any], None]:
    def edit_graph(workbook: Any) -> None:
        sheet = workbook[SHEET]
        described = json.loads(sheet["A2"].value)
        change(described)
        sheet["A2"].value = json.dumps(described)

    return edit_graph


CHANGES: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "unknown operation": lambda d: d["nodes"][0].update(op="__import__"),
    "unknown parameter": lambda d: d["nodes"][0].update(params={"shape": [3]}),
    "huge shape": lambda d: d["leaves"][0].update(shape=[10**12, 10**12]),
    "negative shape": lambda d: d["leaves"][0].update(shape=[-1]),
    "deep shape": lambda d: d["leaves"][0].update(shape=[1] * 5000),
    "wrong shape": lambda d: d["nodes"][0].update(shape=[7]),
    "shape of text": lambda d: d["nodes"][0].update(shape="22"),
    "cycle": lambda d: d["nodes"][0].update(inputs=[len(d["leaves"]), 0]),
    "too many inputs": lambda d: d["nodes"][1].update(inputs=[0, 1], needs=[True, True]),
    "no nodes": lambda d: d.update(nodes=[]),
    "block far away": lambda d: d["nodes"][0]["forward"].update(live=[10**9, 1]),
    "block of text": lambda d: d["nodes"][0]["forward"].update(live="B2"),
    "another format": lambda d: d.update(format=99),
    "unknown dtype": lambda d: d["leaves"][0].update(dtype="object"),
    "huge parameter": lambda d: d["nodes"][3].update(params={"dim": [10**30], "keepdim": False}),
    "no leaves": lambda d: d.pop("leaves"),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_a_hostile_graph_is_refused_in_one_line(what: str, calculated: Path) -> None:
    edit(calculated, hostile(CHANGES[what]), again=False)
    with pytest.raises(WorkbookError) as error:
        verify(calculated)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '"graph"', "[]", '{"format":1}'])
def test_a_damaged_graph(text: str, calculated: Path) -> None:
    edit(calculated, put(SHEET, "A2", text[:32_000]), again=False)
    with pytest.raises(WorkbookError, match="damaged|format"):
        verify(calculated)
