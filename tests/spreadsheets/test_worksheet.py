"""Worksheets: blanks to be filled in by hand, marked as one types and by verify."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import openpyxl
import pytest

from saitama import Tensor, where
from saitama.spreadsheets import WorkbookError, recalculate, verify, worksheet
from saitama.spreadsheets.graph.format import SHEET
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.judge.hand import is_right
from saitama.spreadsheets.plan.blanks import mark
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook


def network() -> Dict[str, Tensor]:
    x = Tensor([0.5, 1.0], name="x")
    w = Tensor([[0.15, 0.20], [0.25, 0.30]], requires_grad=True, name="w")
    h = (w @ x).sigmoid()
    return {"h": h, "loss": (h * h).sum()}


def blanks_of(path: Any) -> Dict[str, Any]:
    carried = read_graph(open_workbook(path))
    blanks = {}
    for places in carried.places.values():
        if places.typed is not None:
            blanks.update({(places.sheet, row, col): (places, index) for index, row, col in places.typed.cells()})
    return blanks


def fill(path: Any, change: Any = lambda value: value) -> int:
    """Type the key into every blank; returns how many there were."""
    found = recalculate(path, engine="ironcalc")
    workbook = openpyxl.load_workbook(path)
    blanks = blanks_of(path)
    for (sheet, row, col), (places, index) in blanks.items():
        workbook[sheet].cell(row, col).value = change(found.values[sheet][places.live.address(index)])
    workbook.save(path)
    return len(blanks)


@pytest.mark.parametrize(
    "blanks, typed",
    [
        (None, {"1 matmul", "2 h", "3 mul", "4 loss"}),
        ("forward", {"1 matmul", "2 h", "3 mul", "4 loss"}),
        (["h"], {"2 h"}),
    ],
)
def test_where_the_blanks_are(blanks: Any, typed: Any, tmp_path: Path) -> None:
    names = network()
    made = worksheet(names["loss"], tmp_path / "w.xlsx", names=names, blanks=blanks, layout="sheets")
    assert {sheet for sheet, _, _ in blanks_of(made)} == typed


def test_a_gradient_of_several_paths_is_a_blank_of_its_own(tmp_path: Path) -> None:
    x = Tensor([0.5, 1.0], requires_grad=True, name="x")
    made = worksheet((x * x).sum(), tmp_path / "w.xlsx", blanks="backward", layout="sheets")
    assert "Inputs" in {sheet for sheet, _, _ in blanks_of(made)}


def test_an_unknown_name(tmp_path: Path) -> None:
    names = network()
    with pytest.raises(ValueError, match="nothing is called 'g'.*h, "):
        worksheet(names["loss"], tmp_path / "w.xlsx", names=names, blanks=["g"], layout="sheets")


def test_a_blank_worksheet_is_blank_and_not_wrong(tmp_path: Path) -> None:
    made = worksheet(network()["loss"], tmp_path / "w.xlsx", layout="sheets")
    n = len(blanks_of(made))
    assert recalculate(made, engine="ironcalc")["Check!A3"] == f"0 of {n} right, 0 wrong, {n} empty"
    result = verify(made)
    assert {difference.kind for difference in result.differences} == {"blank"}
    assert len(result.differences) == n


def test_right_numbers_are_right_and_wrong_ones_are_named(tmp_path: Path) -> None:
    names = network()
    made = worksheet(names["loss"], tmp_path / "w.xlsx", names=names, layout="sheets")
    n = fill(made, lambda value: round(value, 5))
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert found["Check!A3"] == f"PASS: {n} of {n} right, 0 wrong, 0 empty"
    assert verify(made).ok
    workbook = openpyxl.load_workbook(made.path)
    sheet, row, col = next(place for place in blanks_of(made) if place[0] == "2 h")
    workbook[sheet].cell(row, col).value = 0.7
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert found["Check!A3"] == f"FAIL: {n - 1} of {n} right, 1 wrong, 0 empty"  # what follows is judged by the key
    (difference,) = verify(made).differences
    assert difference.kind == "wrong" and difference.sheet == "2 h" and difference.found == 0.7
    assert difference.what == "h[0] = 1 / (1 + exp(−matmul1))"


def test_the_key_is_hidden_and_nothing_else_is(tmp_path: Path) -> None:
    made = worksheet(network()["loss"], tmp_path / "w.xlsx", layout="sheets")
    workbook = openpyxl.load_workbook(made.path)
    hidden = set()
    for key, dimension in workbook["2 sigmoid"].column_dimensions.items():
        if dimension.hidden:
            hidden |= set(range(dimension.min, dimension.max + 1)) if key else set()
    carried = read_graph(open_workbook(made.path))
    places = carried.places[Value(carried.graph.nodes[1])]
    assert places.live.column in hidden
    assert places.typed.column not in hidden
    label = workbook[places.sheet].cell(*places.live.anchor)  # text of a hidden column spills into the next one
    assert label.value == "0" and label.number_format == ";;;"


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("0.5", "text"), ("half", "text"), (" ", "text"), ("=1/0", "error"), (True, "boolean"), ("=1=1", "boolean")],
)
def test_what_is_no_number_is_wrong_in_the_score_and_in_verify(typed: Any, kind: str, tmp_path: Path) -> None:
    x = Tensor([0.5 if kind == "boolean" else 0.25], requires_grad=True, name="x")  # TRUE would be the 1 that is right
    made = worksheet((x * 2.0).sum(), tmp_path / "w.xlsx", blanks=["mul1"], layout="sheets")
    workbook = openpyxl.load_workbook(made)
    for sheet, row, col in blanks_of(made):
        workbook[sheet].cell(row, col).value = typed
    workbook.save(made)
    found = recalculate(made, engine="ironcalc", output=made)
    assert str(found["Check!A3"]).startswith("FAIL: 0 of ")
    assert {difference.kind for difference in verify(made).differences} == {kind}


def test_a_date_in_a_blank_is_called_a_date(tmp_path: Path) -> None:
    x = Tensor([0.25], requires_grad=True, name="x")
    made = worksheet((x * 2.0).sum(), tmp_path / "w.xlsx", blanks=["mul1"], layout="sheets")
    workbook = openpyxl.load_workbook(made)
    for sheet, row, col in blanks_of(made):
        workbook[sheet].cell(row, col).value = time(12, 0)  # half a day
    workbook.save(made)
    kinds = {(difference.kind, difference.found) for difference in verify(made).differences}
    assert kinds == {("date", "12:00")}


def test_a_true_in_a_blank_of_truth_values(tmp_path: Path) -> None:
    x = Tensor([0.25, -1.0], requires_grad=True, name="x")
    made = worksheet(where(x > 0, x, x * 2).sum(), tmp_path / "w.xlsx", blanks=["gt1"], layout="sheets")
    workbook = openpyxl.load_workbook(made)
    for (sheet, row, col), value in zip(blanks_of(made), (True, False)):
        workbook[sheet].cell(row, col).value = value
    workbook.save(made)
    result = verify(made)
    assert result.ok and result.kinds["typed numbers"] == 2
    assert recalculate(made, engine="ironcalc")["Check!A3"] == "PASS: 2 of 2 right, 0 wrong, 0 empty"


def edit_graph(path: Any, change: Callable[[Dict[str, Any]], None]) -> None:
    """Change what a workbook carries of its graph."""
    workbook = openpyxl.load_workbook(path)
    cell = workbook[SHEET]["A2"]
    described = json.loads(cell.value)
    change(described)
    cell.value = json.dumps(described)
    workbook.save(path)


@pytest.mark.parametrize("left", [[], ["hidden"]])
def test_a_blank_that_must_be_there(left: List[str], tmp_path: Path) -> None:
    """Without its blank a key would be judged by itself."""
    names = network()
    made = worksheet(names["loss"], tmp_path / "w.xlsx", names=names, blanks=["h"], layout="sheets")

    def without_blank(described: Dict[str, Any]) -> None:
        (h,) = (node for node in described["nodes"] if node["name"] == "h")
        for name in {"typed", "hidden"} - set(left):
            h["forward"].pop(name)

    edit_graph(made, without_blank)
    with pytest.raises(WorkbookError, match="moved or taken out|a blank .* is missing"):
        verify(made)


def test_what_repeats_a_typed_number_is_checked(tmp_path: Path) -> None:
    names = network()
    made = worksheet(names["loss"], tmp_path / "w.xlsx", names=names, layout="sheets")
    fill(made, lambda value: round(value, 5))
    recalculate(made, engine="ironcalc", output=made.path)
    result = verify(made)
    assert result.ok and result.kinds["repeats"] > 4
    carried = read_graph(open_workbook(made))
    key, places = next((key, places) for key, places in carried.places.items() if places.echo is not None)
    source = carried.echoed(key)
    index = (0,) * len(places.shape)
    workbook = openpyxl.load_workbook(made.path)
    workbook[places.sheet].cell(*places.echo.at(index)).value = "=7*1"
    workbook.save(made.path)
    recalculate(made, engine="ironcalc", output=made.path)
    (difference,) = verify(made).differences
    assert (difference.sheet, difference.cell) == (places.sheet, places.echo.address(index))
    assert difference.found == 7.0 and source.address(index) in difference.hint


@pytest.mark.parametrize("engine_text", ["ironcalc"])
def test_the_mark_follows_the_rule_for_typed_numbers(engine_text: str, tmp_path: Path) -> None:
    """The formula that colours a blank gives the answer of hand.is_right."""
    cases = [
        (typed, true)
        for true in (0.3775, 0.593269992107187, -0.0226, 1234.5, 0.000012, 0.0, 2.0, -1.5)
        for typed in (
            0.0,
            0.38,
            0.37,
            0.4,
            0.378,
            0.59,
            0.6,
            0.5933,
            -0.023,
            -0.02,
            1235.0,
            1200.0,
            1.2e-5,
            2.0,
            2.1,
            -1.5,
        )
    ]
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row, (typed, true) in enumerate(cases, 1):
        sheet.cell(row, 1, typed)
        sheet.cell(row, 2, true)
        sheet.cell(row, 3, "=" + mark(f"A{row}", f"B{row}"))
    workbook.save(tmp_path / "m.xlsx")
    found = recalculate(tmp_path / "m.xlsx", engine=engine_text).values["Sheet"]
    marks = {case: found[f"C{row}"] == 1 for row, case in enumerate(cases, 1)}
    assert marks == {(typed, true): is_right(typed, true) for typed, true in cases}
