"""Numbers out of a workbook into a tensor, and never a wrong one."""

from __future__ import annotations

import math
import struct

import hostile
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read.read_tensor import read_tensor


@pytest.fixture
def grid(tmp_path):
    """1 to 6 in B2:D3."""
    workbook = openpyxl.Workbook()
    for i in range(6):
        workbook.active.cell(2 + i // 3, 2 + i % 3).value = i + 1
    workbook.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


@pytest.mark.parametrize(
    ("address", "transpose", "shape", "expected"),
    [
        ("Sheet!B2:D3", False, (2, 3), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        ("Sheet!B2:D3", True, (3, 2), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
        ("sheet!$D$3:B2", False, (2, 3), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        ("B2:D2", False, (3,), [1.0, 2.0, 3.0]),
        ("B2:B3", False, (2,), [1.0, 4.0]),
        ("B2:B3", True, (2,), [1.0, 4.0]),
        ("C3", False, (), 5.0),
    ],
)
def test_layouts(grid, address, transpose, shape, expected):
    tensor = read_tensor(grid, address, transpose=transpose)
    assert tensor.shape == shape and tensor.tolist() == expected and tensor.dtype == "float64"
    assert not tensor.requires_grad and tensor.name is None


def test_options(grid):
    tensor = read_tensor(grid, "B2:D3", dtype="float32", requires_grad=True, name="W")
    assert (tensor.dtype, tensor.requires_grad, tensor.name) == ("float32", True, "W")
    assert read_tensor(grid, "B2:D2", dtype="int64").tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "Sheet1!B1 is blank: type a number there"),
        (
            '<c r="B1"><f>A1*2</f></c>',
            "Sheet1!B1 is a formula that was never calculated: open and save it .* `saitama recalc`",
        ),
        ('<c r="B1" t="str"><v>0,38</v></c>', "Sheet1!B1 holds the text '0,38': it has a decimal comma.*: type 0.38"),
        ('<c r="B1" t="b"><v>1</v></c>', "Sheet1!B1 holds the truth value TRUE: type a number"),
        ('<c r="B1" t="e"><v>#DIV/0!</v></c>', "Sheet1!B1 holds the error #DIV/0!: correct it first"),
    ],
)
def test_what_is_not_a_number(tmp_path, cell, message):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1"><v>1</v></c>{cell}<c r="C1"><v>1</v></c>')
    with pytest.raises(WorkbookError, match=message) as caught:
        read_tensor(path, "A1:C1")
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("dtype", "number", "message"),
    [
        ("int64", "1.5", "not a whole number"),
        ("int64", "1e17", "not a whole number that a cell holds exactly"),
        ("bool", "2", "TRUE, FALSE, 1 or 0"),
        ("float32", "1e300", "outside the range of float32"),
    ],
)
def test_what_the_dtype_cannot_hold(tmp_path, dtype, number, message):
    path = hostile.one_cell(tmp_path / "a.xlsx", f"<c><v>{number}</v></c>")
    with pytest.raises(WorkbookError, match=f"Sheet1!A1 holds the number .*{message}"):
        read_tensor(path, "A1", dtype=dtype)


def test_an_address_that_is_no_text(grid):
    with pytest.raises(TypeError, match="an address is a text such as 'Sheet1!B2:D4', not int"):
        read_tensor(grid, 5)


def test_unknown_dtype(grid):
    with pytest.raises((TypeError, ValueError), match="float16"):
        read_tensor(grid, "B2", dtype="float16")


def test_truth_values(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", '<c t="b"><v>1</v></c><c t="b"><v>0</v></c><c><v>1</v></c>')
    assert read_tensor(path, "A1:C1", dtype="bool").tolist() == [True, False, True]


def test_calculated_formulas_and_special_texts(tmp_path):
    path = hostile.one_cell(
        tmp_path / "a.xlsx",
        '<c><f>1/4</f><v>0.25</v></c><c t="str"><v>-inf</v></c><c t="str"><v>nan</v></c><c><v>INF</v></c>',
    )
    first, second, third, fourth = read_tensor(path, "A1:D1").tolist()
    assert (first, second, fourth) == (0.25, -math.inf, math.inf) and math.isnan(third)


def test_the_whole_sheet_is_refused_at_its_first_blank(grid):
    with pytest.raises(WorkbookError, match="Sheet!A1 is blank"):
        read_tensor(grid, "A1:XFD1048576")
    path = hostile.merged_everywhere(grid.with_name("b.xlsx"))
    with pytest.raises(WorkbookError, match="Sheet1!B1 is blank"):
        read_tensor(path, "A1:XFD1048576")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_doubles_are_exact(tmp_path, numbers):
    cells = "".join(f"<c><v>{number!r}</v></c>" for number in numbers)
    found = read_tensor(hostile.one_cell(tmp_path / "a.xlsx", cells), f"A1:{chr(64 + len(numbers))}1").tolist()
    assert struct.pack(f"{len(numbers)}d", *found) == struct.pack(f"{len(numbers)}d", *numbers)
