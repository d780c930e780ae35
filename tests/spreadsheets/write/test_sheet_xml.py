"""A planned sheet as XML: every cell reads back as what it was."""

from __future__ import annotations

import math

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.spreadsheets.plan.page import Page
from saitama.spreadsheets.plan.sheet import Colour, Live, Plan, Spot
from saitama.spreadsheets.read.workbook import open_workbook
from saitama.spreadsheets.write.sheet_xml import CHUNK, inside
from saitama.spreadsheets.write.style import GREEN, RED
from saitama.spreadsheets.write.workbook import write_plan


def written(path, *cells):
    """A sheet with these contents in column A, one below the other."""
    page = Page("Sheet")
    for row, content in enumerate(cells, 1):
        page.texts.put(row, Spot(1, content, "text"))
    write_plan(Plan((page.sheet(),), {}, 0, 0, ()), path, True)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("xml") / "a.xlsx"


@given(st.lists(st.floats() | st.integers(-(2**53), 2**53), min_size=1, max_size=20))
def test_numbers_are_the_same_doubles(path, numbers):
    sheet = open_workbook(written(path, *numbers))["Sheet"]
    for row, number in enumerate(numbers, 1):
        found = sheet[row, 1].number
        assert found == number or (math.isnan(found) and math.isnan(number))
        assert math.isnan(number) or math.copysign(1, found) == math.copysign(1, number)
        assert sheet[row, 1].kind == ("number" if math.isfinite(number) else "text")


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_texts_stay_texts(path, texts):
    sheet = open_workbook(written(path, *texts))["Sheet"]
    expected = [("text", text) if text else ("blank", None) for text in texts]
    assert [(sheet[row, 1].kind, sheet[row, 1].value) for row in range(1, len(texts) + 1)] == expected


def test_formulas_are_escaped_and_nothing_is_nothing(path):
    formula = Live("IF('a&b'!A1<2,\"<x>\",1)")
    sheet = openpyxl.load_workbook(written(path, formula, None, " = 1 "))["Sheet"]
    assert sheet["A1"].value == f"={formula}" and sheet["A2"].value is None
    assert sheet["A3"].value == " = 1 " and sheet["A3"].data_type == "s"
    assert inside(None) == inside("") == "/>"


def test_rules_of_colour_over_the_same_cells_stand_together_in_their_order(path):
    page = Page("Sheet")
    page.texts.put(1, Spot(1, 2.0, "text"))
    page.colours += [Colour("A1:A2", 'A1="<"', "right", stop=True), Colour("B1", "B1=1", "wrong")]
    page.colours += [Colour("A1:A2", "A1>1", "wrong")]
    write_plan(Plan((page.sheet(),), {}, 0, 0, ()), path, True)
    found = {str(over.sqref): over.rules for over in openpyxl.load_workbook(path)["Sheet"].conditional_formatting}
    assert {cells: [rule.formula for rule in rules] for cells, rules in found.items()} == {
        "A1:A2": [['A1="<"'], ["A1>1"]],
        "B1": [["B1=1"]],
    }
    first, last = found["A1:A2"]
    assert (first.stopIfTrue, last.stopIfTrue) == (True, None) and first.priority < last.priority
    assert [rule.dxf.fill.bgColor.rgb[2:] for rule in (first, last, *found["B1"])] == [GREEN, RED, RED]


def test_a_sheet_longer_than_what_is_packed_at_once_is_whole(path):
    count = CHUNK // 20
    sheet = open_workbook(written(path, *range(count)))["Sheet"]
    assert [sheet[row, 1].value for row in range(1, count + 1)] == list(range(count))


def test_two_cells_in_one_place_are_refused(tmp_path):
    page = Page("Sheet")
    page.texts.put(1, Spot(1, 1.0, "text"))
    page.overflow.column = 1
    page.elements.append(page.texts)
    with pytest.raises(ValueError, match="two cells at A1"):
        write_plan(Plan((page.sheet(),), {}, 0, 0, ()), tmp_path / "a.xlsx")
    assert not list(tmp_path.iterdir())
