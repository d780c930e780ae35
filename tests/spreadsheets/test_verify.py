"""verify: what is right, wrong, blank or not calculated, and workbooks that cannot be verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict

import openpyxl
import pytest

from saitama import Tensor
from saitama.spreadsheets import WorkbookError, export, recalculate, verify
from saitama.spreadsheets.carry import SHEET


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


@pytest.mark.parametrize("value", ["abc", None, "=1/0"])
def test_an_input_that_is_no_number(value: Any, calculated: Path) -> None:
    edit(calculated, put("Inputs", "B9", value))
    with pytest.raises(WorkbookError, match=r"'Inputs'!B9 \(w\[0, 0\]\)"):
        verify(calculated)


def test_rows_that_moved(calculated: Path) -> None:
    edit(calculated, lambda workbook: workbook["2 h"].insert_rows(3), again=False)
    with pytest.raises(WorkbookError, match="moved"):
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
