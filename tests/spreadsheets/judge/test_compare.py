"""A person's own workbook against the framework's values."""

from __future__ import annotations

import math

import hostile
import openpyxl
import pytest

from saitama.spreadsheets.closeness import is_close
from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.judge.compare import compare, judge
from saitama.spreadsheets.judge.report import SHOWN, Comparison, Difference
from saitama.spreadsheets.read.workbook import Cell, open_workbook
from saitama.tensor.tensor import Tensor


@pytest.fixture
def mine(tmp_path):
    """A workbook with a matrix at B2:D3, its transpose at F2:G4, a row at B6:D6, a column at F6:F8."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for i in range(2):
        for j in range(3):
            sheet.cell(2 + i, 2 + j).value = sheet.cell(2 + j, 6 + i).value = 10 * i + j + 0.5
    for i in range(3):
        sheet.cell(6, 2 + i).value = sheet.cell(6 + i, 6).value = i / 8
    sheet["A1"] = 0.38
    workbook.save(tmp_path / "mine.xlsx")
    return tmp_path / "mine.xlsx"


W = [[0.5, 1.5, 2.5], [10.5, 11.5, 12.5]]


def test_every_layout(mine):
    values = {
        "Sheet!B2:D3": Tensor(W),
        "F2:G4": W,
        "B6:D6": Tensor([0.0, 0.125, 0.25]),
        "F6:F8": [0.0, 0.125, 0.25],
        "'Sheet'!$A$1": 0.3775,
        "B6": Tensor([0.0]),
    }
    result = compare(mine, values, transpose=["F2:G4"])
    assert result and result.ok and result.differences == []
    assert result.checked == 6 + 6 + 3 + 3 + 1 + 1
    assert str(result) == f"{mine}: 20 cells checked, all right"


def test_transpose_all(mine):
    assert compare(mine, {"F2:G4": W, "F6:F8": [0, 0.125, 0.25]}, transpose=True)


def test_a_square_block_is_not_turned_unasked(mine):
    square = [[0.5, 1.5], [10.5, 11.5]]
    assert compare(mine, {"B2:C3": square})
    assert len(compare(mine, {"B2:C3": square}, transpose=True).differences) == 2


@pytest.mark.parametrize(
    ("address", "value", "message"),
    [
        ("B2:D3", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], r"transpose=\['Sheet!B2:D3'\]"),
        ("B2:D3", [1.0, 2.0], "2 rows and 3 columns, the tensor is"),
        ("B2:D3", [1.0] * 6, "they must match"),
        ("B2:C2", 1.0, r"1 row and 2 columns, the tensor is \(\)"),
        ("B2", [[[1.0]]], "3 axes"),
        ("B2", [], "they must match"),
    ],
)
def test_shapes_must_match(mine, address, value, message):
    with pytest.raises(ValueError, match=message):
        compare(mine, {address: value})


def test_misuse(mine):
    with pytest.raises(ValueError, match="nothing to compare"):
        compare(mine, {})
    with pytest.raises(ValueError, match=r"transpose names \['B9'\]"):
        compare(mine, {"B2": 1.0}, transpose=["B9"])
    for bad in (-1.0, math.nan):
        with pytest.raises(ValueError, match="must be 0 or more"):
            compare(mine, {"B2": 1.0}, rtol=bad)
        with pytest.raises(ValueError, match="must be 0 or more"):
            compare(mine, {"B2": 1.0}, atol=bad)
    with pytest.raises(TypeError, match="give a dict"):
        compare(mine, [("B2", 1.0)])
    with pytest.raises(WorkbookError, match="has no sheet 'Other'"):
        compare(mine, {"Other!B2": 1.0})
    with pytest.raises(ValueError, match="not an address"):
        compare(mine, {"B": 1.0})
    with pytest.raises(TypeError, match="not a number|expected a number"):
        compare(mine, {"B2": "x"})


def test_each_kind_of_difference_is_reported_as_what_it_is(tmp_path):
    rows = (
        '<row r="1"><c r="A1"><v>0.37</v></c><c r="B1" t="str"><v>0,38</v></c><c r="D1"><f>1+1</f></c>'
        '<c r="E1" t="e"><f>foo</f><v>#NAME?</v></c><c r="F1" t="b"><v>1</v></c>'
        '<c r="G1"><f>A1</f><v>0.37</v></c></row>'
    )
    path = hostile.book(tmp_path / "a.xlsx", rows)
    result = compare(path, {"A1:G1": Tensor([0.3775] * 7, name="h")})
    assert not result and not result.ok and result.checked == 7
    assert [(d.cell, d.kind, d.found) for d in result.differences] == [
        ("A1", "wrong", 0.37),
        ("B1", "text", "0,38"),
        ("C1", "blank", None),
        ("D1", "not calculated", None),
        ("E1", "error", "#NAME?"),
        ("F1", "boolean", True),
        ("G1", "wrong", 0.37),
    ]
    assert {(d.sheet, d.expected) for d in result.differences} == {("Sheet1", 0.3775)}
    assert [d.what for d in result.differences] == [f"h[{i}]" for i in range(7)]
    assert str(result).splitlines() == [
        f"{path}: 7 cells checked, 2 wrong, 1 text, 1 blank, 1 not calculated, 1 error, 1 boolean",
        "  Sheet1!A1 (h[0]): found 0.37, expected 0.3775; rounded, 0.38",
        "  Sheet1!B1 (h[1]): found the text '0,38', expected 0.3775; "
        "it has a decimal comma, which this spreadsheet does not take: type 0.38",
        "  Sheet1!C1 (h[2]): is blank",
        "  Sheet1!D1 (h[3]): is a formula that was never calculated, expected 0.3775; "
        "open and save it in a spreadsheet program, or run `saitama recalc`",
        "  Sheet1!E1 (h[4]): found the error #NAME?, expected 0.3775",
        "  Sheet1!F1 (h[5]): found the boolean TRUE, expected 0.3775",
        "  Sheet1!G1 (h[6]): found 0.37, expected 0.3775",
    ]


def test_index_in_the_tensor_not_in_the_sheet(mine):
    wrong = [[0.5, 1.5, 2.5], [10.5, 11.5, 99.0]]
    (difference,) = compare(mine, {"F2:G4": Tensor(wrong, name="W")}, transpose=True).differences
    assert (difference.cell, difference.what, difference.found) == ("G4", "W[1, 2]", 12.5)


def test_typed_numbers_by_decimals_and_formulas_by_tolerance(tmp_path):
    path = hostile.book(
        tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>0.38</v></c><c r="B1"><f>A1</f><v>0.38</v></c></row>'
    )
    assert compare(path, {"A1": 0.3775})
    assert not compare(path, {"B1": 0.3775})
    assert compare(path, {"B1": 0.3775}, rtol=0.01)
    assert compare(path, {"B1": 0.3775}, atol=0.01)
    assert not compare(path, {"A1": 0.3875}, rtol=1.0)  # tolerance is no licence for what was typed
    assert compare(path, {"B1": 0.38 * (1 + 5e-10)}) and not compare(path, {"B1": 0.38 * (1 + 5e-9)})


def test_float32_is_judged_as_such(tmp_path):
    path = hostile.book(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><f>1/3</f><v>0.3333333333333333</v></c></row>')
    assert compare(path, {"A1": Tensor(1 / 3, dtype="float32")})
    assert not compare(path, {"A1": Tensor(1 / 3, dtype="float32")}, rtol=1e-9, atol=0)


def test_not_a_number_and_infinity(tmp_path):
    cells = "".join(f'<c t="str"><v>{text}</v></c>' for text in ("nan", "inf", "-inf"))
    path = hostile.one_cell(tmp_path / "a.xlsx", cells)
    assert compare(path, {"A1:C1": [math.nan, math.inf, -math.inf]})
    result = compare(path, {"A1:C1": [1.0, -math.inf, math.nan]})
    assert [d.kind for d in result.differences] == ["wrong"] * 3


def test_truth_values(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", '<c t="b"><v>1</v></c><c><v>0</v></c>')
    assert compare(path, {"A1:B1": Tensor([True, False])})
    assert [d.cell for d in compare(path, {"A1:B1": Tensor([False, True])}).differences] == ["A1", "B1"]


def test_judge_leaves_right_cells_alone():
    assert judge(Cell(0.38, "number"), 0.3775) is None
    assert judge(Cell(0.38, "number", 1, 1, "=A1"), 0.3775) == "wrong"
    assert judge(Cell(None, "blank"), 0.0) == "blank"


@pytest.mark.parametrize(
    ("found", "true", "close"),
    [
        (1.0, 1.0, True),
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, 1.0, False),
        (1.0, math.inf, False),
        (math.nan, 1.0, False),
        (-math.inf, math.inf, False),
    ],
)
def test_is_close(found, true, close):
    assert is_close(found, true, 1e-9, 1e-12) is close


def test_a_long_report_is_cut_and_says_so():
    differences = [Difference("Sheet1", f"A{i}", "blank", None, 1.0) for i in range(1, SHOWN + 3)]
    lines = str(Comparison("a.xlsx", 60, differences)).splitlines()
    assert len(lines) == SHOWN + 2 and lines[-1] == "  and 2 more"


def test_numbers_that_differ_far_back_are_shown_in_full():
    difference = Difference("My sheet", "A1", "wrong", 0.123456789012, 0.123456789013, "x")
    assert str(difference) == "'My sheet'!A1 (x): found 0.123456789012, expected 0.123456789013"


def test_the_workbook_is_left_alone(mine):
    before = mine.read_bytes()
    compare(mine, {"A1": 1.0})
    open_workbook(mine).cell("A1")
    assert mine.read_bytes() == before and [path.name for path in mine.parent.iterdir()] == ["mine.xlsx"]


def test_a_long_text_is_cut_in_a_message(tmp_path):
    path = hostile.one_cell(
        tmp_path / "a.xlsx", f'<c t="str"><v>{"no" * 10_000}</v></c><c t="e"><v>{"x" * 9_000}</v></c>'
    )
    result = compare(path, {"A1:B1": [1.0, 2.0]})
    assert len(str(result)) < 400 and result.differences[0].found == "no" * 10_000
    assert len(open_workbook(path).cell("A1").found) < 120
