"""What a cell holds comes out as it stands in the file, and nothing is taken for something else."""

from __future__ import annotations

import math
import struct

import hostile
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read import workbook as reading
from saitama.spreadsheets.read.workbook import BLANK, open_workbook


@pytest.mark.parametrize(
    ("cell", "kind", "value", "formula"),
    [
        ("<v>0.1</v>", "number", 0.1, None),
        ("<v>1E-5</v>", "number", 1e-5, None),
        ("<v>0.30000000000000004</v>", "number", 0.1 + 0.2, None),
        ("<v>-0</v>", "number", -0.0, None),
        ("<v>INF</v>", "number", math.inf, None),
        ("<v>1_0</v>", "error", "1_0", None),
        ("<v>\u0661</v>", "error", "\u0661", None),
        ("<v>1e400</v>", "error", "1e400", None),
        ("<v> 1.5\n</v>", "number", 1.5, None),
        ("<v>-INF</v>", "number", -math.inf, None),
        ("<v></v>", "blank", None, None),
        ("<v/>", "blank", None, None),
        ("", "blank", None, None),
        ("<f>A2*2</f><v>4</v>", "number", 4.0, "=A2*2"),
        ("<f>A2&lt;2</f>", "not calculated", None, "=A2<2"),
        ("<f>A2*2</f><v></v>", "not calculated", None, "=A2*2"),
        ("<f>A2*2</f><v/>", "not calculated", None, "=A2*2"),
        ("<f><![CDATA[A2<2]]></f><v>4</v>", "number", 4.0, "=A2<2"),
    ],
)
def test_numbers_blanks_and_formulas(tmp_path, cell, kind, value, formula):
    found = open_workbook(hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1">{cell}</c>')).cell("Sheet1!A1")
    assert (found.kind, found.value, found.formula) == (kind, value, formula)
    if value == 0:
        assert math.copysign(1, found.value) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ('<c r="A1" t="s"><v>1</v></c>', "text", "plain and bold"),
        ('<c r="A1" t="s"><v>2</v></c>', "blank", None),
        ('<c r="A1" t="inlineStr"><is><t>a</t><r><t>b</t></r><rPh><t>x</t></rPh></is></c>', "text", "ab"),
        ('<c r="A1" t="str"><f>A2</f><v>a</v></c>', "text", "a"),
        ('<c r="A1" t="str"><f>A2</f><v></v></c>', "text", ""),
        ('<c r="A1" t="str"><v>a_x000D_b_x005F_x0041_</v></c>', "text", "a\rb_x0041_"),
        ('<c r="A1" t="b"><v>1</v></c>', "boolean", True),
        ('<c r="A1" t="b"><v>0</v></c>', "boolean", False),
        ('<c r="A1" t="b"><v>true</v></c>', "boolean", True),
        ('<c r="A1" t="b"><v>\n false </v></c>', "boolean", False),
        ('<c r="A1" t="b"><v/></c>', "blank", None),
        *[(f'<c r="A1" t="b"><v>{word}</v></c>', "error", word) for word in ("TRUE", "yes", "2", "-1", "1.0", "#REF!")],
        ('<c r="A1" t="x"><v>1</v></c>', "error", "1 (a cell of the type x)"),
        ('<c r="A1" t="inlineStr"><v>a</v></c>', "error", "a (a cell of the type inlineStr with <v>)"),
        ('<c r="A1"><is><t>5</t></is></c>', "error", " (a cell of the type n with <is>)"),
        ('<c r="A1" t="inlineStr"><is><r><rPr><b/></rPr><t>bo</t></r><r><t>ld</t></r></is></c>', "text", "bold"),
        ('<c r="A1" t="e"><v>#NAME?</v></c>', "error", "#NAME?"),
        ('<c r="A1" t="d"><v>2024-01-31</v></c>', "date", "2024-01-31"),
    ],
)
def test_texts_booleans_and_errors(tmp_path, cell, kind, value):
    texts = ["<t>first</t>", "<r><t>plain</t></r><r><t> and bold</t></r><rPh><t>phonetic</t></rPh>", "<t/>"]
    found = open_workbook(hostile.book(tmp_path / "a.xlsx", f'<row r="1">{cell}</row>', texts=texts)).cell("A1")
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize("index", ["3", "-1", "x", "1_0", ""])
def test_text_number_out_of_range(tmp_path, index):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1" t="s"><v>{index}</v></c>')
    with pytest.raises(WorkbookError, match="A1 refers to the text"):
        open_workbook(path).cell("A1")


@pytest.mark.parametrize(
    "reference", ["A0", "XFE1", "A1048577", "AAAA1", "11", "A", "A99999999999999999999", "A-1", "A1B2"]
)
def test_cell_outside_a_sheet(tmp_path, reference):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="{reference}"><v>1</v></c>')
    with pytest.raises(WorkbookError, match="outside any sheet"):
        open_workbook(path).cell("A1")


def test_cells_without_references_count_on(tmp_path):
    path = hostile.book(
        tmp_path / "a.xlsx",
        '<row><c><v>1</v></c><c><v>2</v></c></row><row r="5"><c r="C5"><v>3</v></c><c><v>4</v></c></row>',
    )
    assert {position: cell.value for position, cell in open_workbook(path)["Sheet1"].items()} == {
        (1, 1): 1.0,
        (1, 2): 2.0,
        (5, 3): 3.0,
        (5, 4): 4.0,
    }


def test_namespace_prefixes(tmp_path):
    contents = hostile.parts(
        f'<x:worksheet xmlns:x="{hostile.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:f>1+1</x:f><x:v>2</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    found = open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1")
    assert (found.value, found.formula) == (2.0, "=1+1")


def test_dimension_is_not_trusted(tmp_path):
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(1, 101))
    path = hostile.book(tmp_path / "a.xlsx", rows, before='<dimension ref="A1:B1"/>')
    assert len(open_workbook(path)["Sheet1"]) == 100


def test_shared_formulas_are_shifted(tmp_path):
    rows = (
        '<row r="1"><c r="B1"><f t="shared" ref="B1:B3" si="0">A1*$A$1</f><v>1</v></c></row>'
        '<row r="2"><c r="B2"><f t="shared" si="0"/><v>2</v></c></row>'
        '<row r="3"><c r="B3"><f t="shared" si="0"/></c></row>'
        '<row r="4"><c r="B4"><f t="shared" si="9"/><v>4</v></c></row>'
    )
    sheet = open_workbook(hostile.book(tmp_path / "a.xlsx", rows))["Sheet1"]
    assert [sheet[row, 2].formula for row in (1, 2, 3, 4)] == ["=A1*$A$1", "=A2*$A$1", "=A3*$A$1", "="]
    assert [sheet[row, 2].kind for row in (1, 2, 3, 4)] == ["number", "number", "not calculated", "number"]


def test_shared_formula_that_cannot_be_parsed_is_shown_as_written(tmp_path):
    rows = '<row r="1"><c r="A1"><f t="shared" si="0">"("&amp;{{[</f></c><c r="B1"><f t="shared" si="0"/></c></row>'
    assert open_workbook(hostile.book(tmp_path / "a.xlsx", rows)).cell("B1").formula == '="("&{{['


def test_results_of_an_array_formula_are_not_constants(tmp_path):
    first = '<c r="A1"><f t="array" ref="A1:B2">C1:D2*2</f><v>2</v></c>'
    rows = f'<row r="1">{first}<c r="B1"><v>4</v></c><c r="C1"><v>1</v></c></row>'
    sheet = open_workbook(hostile.book(tmp_path / "a.xlsx", rows))["Sheet1"]
    assert [sheet[1, column].formula for column in (1, 2, 3)] == ["=C1:D2*2", "=C1:D2*2", None]


@pytest.mark.parametrize("ref", [hostile.WHOLE_SHEET, "A1:A3000000"])
def test_array_formula_over_everything_does_not_hang(tmp_path, ref):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1"><f t="array" ref="{ref}">1</f></c>')
    with pytest.raises(WorkbookError, match="array formulas over more than|outside a sheet"):
        open_workbook(path).cell("A1")


def test_number_of_cells_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_CELLS", 3)
    path = hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>" * 4)
    with pytest.raises(WorkbookError, match="more than 3 cells"):
        open_workbook(path).cell("A1")


def test_sheets_are_found_without_regard_to_case(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.title = "Inputs"
    workbook.create_sheet("Übung 1")["B2"] = 3
    workbook.create_chartsheet("A chart")
    workbook.save(tmp_path / "a.xlsx")
    book = open_workbook(tmp_path / "a.xlsx")
    assert list(book) == ["Inputs", "Übung 1"]
    assert "INPUTS" in book and "A chart" not in book and 3 not in book
    assert book["übung 1"].title == "Übung 1"
    assert book.cell("'ÜBUNG 1'!$B$2").value == 3.0
    with pytest.raises(WorkbookError, match=r"a.xlsx has no sheet 'Input': it has 'Inputs', 'Übung 1'"):
        book["Input"]
    with pytest.raises(WorkbookError, match=r"has 2 sheets: say which, as in Inputs!B2"):
        book.cell("B2")


def test_blank_positions(tmp_path):
    sheet = open_workbook(hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>"))["Sheet1"]
    assert sheet[7, 7] is BLANK and (7, 7) not in sheet and (1, 1) in sheet
    assert list(sheet) == [(1, 1)]


@pytest.mark.parametrize(
    ("text", "number"),
    [("nan", math.nan), ("NaN", math.nan), (" -inf", -math.inf), ("inf", math.inf), ("0.5", None), ("", None)],
)
def test_numbers_that_only_a_text_can_hold(text, number):
    found = reading.Cell(text, "text").number
    assert repr(found) == repr(number)


def test_what_no_program_can_read_is_said(tmp_path):
    found = open_workbook(hostile.one_cell(tmp_path / "a.xlsx", '<c t="b"><v>maybe</v></c>')).cell("A1")
    assert found.found == "holds maybe, which no spreadsheet program can read" and found.number is None


def test_a_what_if_table_is_a_formula(tmp_path):
    cell = '<c r="A1"><f t="dataTable" ref="A1:A2" r1="C1" r2="C2"/><v>3</v></c>'
    assert open_workbook(hostile.one_cell(tmp_path / "a.xlsx", cell)).cell("A1").formula == "=TABLE(C1,C2)"


def test_cells_are_counted_over_all_sheets(tmp_path, monkeypatch):
    workbook = openpyxl.Workbook()
    for title in ("A", "B"):
        sheet = workbook.create_sheet(title)
        for row in range(1, 4):
            sheet.cell(row, 1).value = row
    workbook.save(tmp_path / "a.xlsx")
    monkeypatch.setattr(reading, "MAX_CELLS", 5)
    book = open_workbook(tmp_path / "a.xlsx")
    assert len(book["A"]) == 3
    with pytest.raises(WorkbookError, match="too large to read, sheet 'B': it has more than 5 cells"):
        book["B"]


def test_openpyxl_array_formula(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = ArrayFormula("A1", "=SUM(B1:B3*C1:C3)")
    workbook.save(tmp_path / "a.xlsx")
    found = open_workbook(tmp_path / "a.xlsx").cell("A1")
    assert (found.kind, found.formula) == ("not calculated", "=SUM(B1:B3*C1:C3)")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("d", struct.pack("Q", bits))[0]).filter(math.isfinite),
        min_size=1,
        max_size=40,
    )
)
def test_doubles_read_back_exactly(tmp_path, numbers):
    workbook = openpyxl.Workbook()
    for row, number in enumerate(numbers, 1):
        cell = workbook.active.cell(row, 1)
        cell.value, cell.data_type = repr(number), "n"
    workbook.save(tmp_path / "a.xlsx")
    sheet = open_workbook(tmp_path / "a.xlsx")["Sheet"]
    assert [struct.pack("d", sheet[row, 1].value) for row in range(1, len(numbers) + 1)] == [
        struct.pack("d", x) for x in numbers
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 5000))
def test_random_damage_is_an_error_or_harmless(tmp_path, junk, at):
    path = tmp_path / "a.xlsx"
    hostile.book(path, '<row r="1"><c r="A1"><v>1</v></c></row>')
    data = bytearray(path.read_bytes())
    data[at : at + len(junk)] = junk
    path.write_bytes(bytes(data))
    try:
        book = open_workbook(path)
        assert all(cell.value in (1.0, None) for sheet in book.values() for cell in sheet.values())
    except WorkbookError as error:
        assert "\n" not in str(error)
