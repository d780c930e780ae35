"""Calculated values go into the file; nothing else in it changes."""

from __future__ import annotations

import math
import re
import struct
import zipfile

import hostile
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill, Protection

from saitama.spreadsheets.engines.cached_values import with_values, write_with_values
from saitama.spreadsheets.engines.engine import Result
from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read.package import Package
from saitama.spreadsheets.read.workbook import open_workbook


def put(cells: str, **results: Result) -> str:
    """The `<c>` elements of row 1 after these results (by column letter) were put in."""
    xml = hostile.sheet_xml(f'<row r="1">{cells}</row>')
    values = {(1, ord(letter) - 64): result for letter, result in results.items()}
    return with_values(xml.encode(), values).decode().split('<row r="1">')[1].split("</row>")[0]


@pytest.mark.parametrize(
    ("result", "kind", "text"),
    [
        (Result(0.1 + 0.2, False), "", "0.30000000000000004"),
        (Result(2.0, False), "", "2"),
        (Result(-0.0, False), "", "-0"),
        (Result(1e300, False), "", "1e+300"),
        (Result(True, False), ' t="b"', "1"),
        (Result(False, False), ' t="b"', "0"),
        (Result("a<b & c", False), ' t="str"', "a&lt;b &amp; c"),
        (Result("\u00fc\u20ac", False), ' t="str"', "&#252;&#8364;"),
        (Result("a\x07_x0041_\r", False), ' t="str"', "a_x0007__x005F_x0041__x000D_"),
        (Result("", False), ' t="str"', ""),
        (Result("#N/A", True), ' t="e"', "#N/A"),
        (Result("#N/A", False), ' t="str"', "#N/A"),
        (Result("#CIRC!", True), ' t="e"', "#VALUE!"),
        (Result(math.inf, False), ' t="e"', "#NUM!"),
    ],
)
def test_every_kind_of_result(result, kind, text):
    assert put('<c r="A1" s="3"><f>B1</f><v></v></c>', A=result) == f'<c r="A1" s="3"{kind}><f>B1</f><v>{text}</v></c>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<c r="A1"><f>B1</f></c>', '<c r="A1"><f>B1</f><v>4</v></c>'),
        ('<c r="A1"><f>B1</f><v/></c>', '<c r="A1"><f>B1</f><v>4</v></c>'),
        ('<c r="A1"><f>B1</f><v />\n</c>', '<c r="A1"><f>B1</f><v>4</v>\n</c>'),
        ('<c r="A1" t="str" s="1"><f>B1</f><v>old</v></c>', '<c r="A1" s="1"><f>B1</f><v>4</v></c>'),
        ("<c t = 'e' r='A1'><f>B1</f><v>#N/A</v ></c>", "<c r='A1'><f>B1</f><v>4</v></c>"),
        ('<c r="A1"><f t="shared" si="0"/><v>1</v></c>', '<c r="A1"><f t="shared" si="0"/><v>4</v></c>'),
        ('<c r="A1"><f><![CDATA[B1<v>]]></f><v>1</v></c>', '<c r="A1"><f><![CDATA[B1<v>]]></f><v>4</v></c>'),
        ('<c r="A1"><f>B1</f><!-- <v>0</v> --><v>1</v></c>', '<c r="A1"><f>B1</f><!-- <v>0</v> --><v>4</v></c>'),
        ('<c r="A1" t="inlineStr"><f>B1</f><is><t>a</t></is></c>', '<c r="A1"><f>B1</f><v>4</v></c>'),
        ('<c r="A1" s="2"/>', '<c r="A1" s="2"><v>4</v></c>'),
        ('<c cm="1" r="A1" vm=">"><f>B1</f></c>', '<c cm="1" r="A1" vm=">"><f>B1</f><v>4</v></c>'),
        ('<c r="B1"><f>A1</f></c>', '<c r="B1"><f>A1</f></c>'),
    ],
)
def test_only_the_value_changes(before, after):
    assert put(before, A=Result(4.0, False)) == after


def test_prefixes_are_kept():
    head = f'<x:worksheet xmlns:x="{hostile.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1">'
    tail = "</x:c></x:row></x:sheetData></x:worksheet>"
    found = with_values(f"{head}<x:f>1</x:f><x:v/>{tail}".encode(), {(1, 1): Result(1.0, False)})
    assert found.decode() == f"{head}<x:f>1</x:f><x:v>1</x:v>{tail}"


def test_latin_1_is_kept():
    xml = '<?xml version="1.0" encoding="latin-1"?>' + hostile.sheet_xml(
        '<row r="1"><c r="A1"><f>"\u00fc"</f></c></row>'
    )
    found = with_values(xml.encode("latin-1"), {(1, 1): Result("\u00fc\u20ac", False)})
    assert found.decode("latin-1") == xml.replace('<c r="A1">', '<c r="A1" t="str">').replace(
        "</f>", "</f><v>&#252;&#8364;</v>"
    )


def test_utf_16_is_refused():
    with pytest.raises(WorkbookError, match="UTF-16"):
        with_values(hostile.sheet_xml("").encode("utf-16"), {})


def decorated(path):
    """A workbook with all that a re-save through an object model tends to lose or change."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet["A1"], sheet["A2"], sheet["B1"] = 0.1, "=A1*3", "text"
    sheet["A2"].font, sheet["A2"].fill = Font(name="Arial", bold=True), PatternFill("solid", fgColor="FFF8D6")
    sheet["A1"].protection, sheet.protection.sheet = Protection(locked=False), True
    sheet["A1"].comment = Comment("typed by hand", "me")
    sheet.freeze_panes = "B2"
    sheet.merge_cells("C1:D2")
    sheet.conditional_formatting.add("A1:A2", CellIsRule("greaterThan", ["1"], fill=PatternFill(bgColor="C6EFCE")))
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=2))
    sheet.add_chart(chart, "F2")
    workbook.create_sheet("My sheet")["A1"] = "='Sheet'!A2"
    workbook.create_sheet("No formulas")["A1"] = 1
    workbook.save(path)
    return path


def test_everything_else_is_kept_byte_for_byte(tmp_path):
    source, target = decorated(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    results = {"Sheet": {(2, 1): Result(0.1 * 3, False)}, "My sheet": {(1, 1): Result(0.1 * 3, False)}}
    write_with_values(Package(source), results, target)
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target) as after:
        assert before.namelist() == after.namelist()
        assert [i.date_time for i in before.infolist()] == [i.date_time for i in after.infolist()]
        changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
        assert changed == ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"]
        for name, formula in zip(changed, (b"A1*3", b"'Sheet'!A2")):
            before_value = b"<f>" + formula + b"</f>"
            old = re.compile(re.escape(before_value) + b"<v(></v>| ?/>)")  # as openpyxl writes it with lxml or without
            expected, count = old.subn(before_value + b"<v>0.30000000000000004</v>", before.read(name))
            assert count == 1 and after.read(name) == expected
    assert open_workbook(target).cell("'My sheet'!A1").value == 0.1 * 3
    assert openpyxl.load_workbook(target, data_only=True)["Sheet"]["A2"].value == 0.1 * 3
    assert openpyxl.load_workbook(target)["Sheet"]["A2"].value == "=A1*3"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(max_size=20)),
        min_size=1,
        max_size=10,
    )
)
def test_what_is_put_in_reads_back(tmp_path, values):
    cells = "".join(f"<c><f>Z{column}</f></c>" for column in range(1, len(values) + 1))
    source, target = hostile.one_cell(tmp_path / "a.xlsx", cells), tmp_path / "b.xlsx"
    results = {(1, column): Result(value, False) for column, value in enumerate(values, 1)}
    write_with_values(Package(source), {"Sheet1": results}, target)
    sheet = open_workbook(target)["Sheet1"]
    for column, value in enumerate(values, 1):
        found = sheet[1, column].value
        assert type(found) is type(value)
        if isinstance(value, float):
            assert struct.pack("d", found) == struct.pack("d", value)
        else:
            assert found == value
