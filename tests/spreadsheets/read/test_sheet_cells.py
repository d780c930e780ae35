"""Which elements are the cells that a person sees, told by namespace and place; what is ambiguous is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hostile
import pytest

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read.sheet_cells import scan_cells
from saitama.spreadsheets.read.workbook import open_workbook

STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
ROW = '<row r="1"><c r="A1"><v>7</v></c></row>'


def value(path: Path) -> Any:
    return open_workbook(path).cell("A1").value


def refusal(path: Path) -> str:
    with pytest.raises(WorkbookError) as caught:
        value(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def raw(path: Path, sheet: str) -> Path:
    return hostile.write(path, hostile.parts(sheet))


@pytest.mark.parametrize(
    "extra",
    [
        '<extLst><ext uri="{X}" xmlns:q="urn:q"><q:row r="1"><q:c r="A1"><q:v>9</q:v></q:c></q:row></ext></extLst>',
        '<extLst><ext uri="{X}"><row r="1"><c r="A1"><v>9</v></c></row></ext></extLst>',
        '<q:sheetData xmlns:q="urn:q"><q:row r="1"><q:c r="A1"><q:v>9</q:v></q:c></q:row></q:sheetData>',
        '<sheetData xmlns=""><row r="1"><c r="A1"><v>9</v></c></row></sheetData>',
        "<conditionalFormatting><cfRule><formula>9</formula></cfRule></conditionalFormatting>",
        '<controls><q:from xmlns:q="urn:drawing"><q:row>9</q:row></q:from></controls>',
        '<tableParts><extLst><ext><row r="1"><c r="A1"><v>9</v></c></row></ext></extLst></tableParts>',
    ],
)
def test_cells_of_others_are_not_read(tmp_path: Path, extra: str) -> None:
    assert value(hostile.book(tmp_path / "a.xlsx", ROW, after=extra)) == 7.0
    assert value(hostile.book(tmp_path / "b.xlsx", ROW, before=extra)) == 7.0


@pytest.mark.parametrize(
    "inside",
    [
        '<c r="A1"><q:v xmlns:q="urn:q">9</q:v><v>7</v></c>',
        '<c r="A1"><v>7<q:w xmlns:q="urn:q">9</q:w></v></c>',
        '<c r="A1"><v>7</v><extLst><ext><v>9</v></ext></extLst></c>',
        '<c r="A1" xmlns:q="urn:q" q:r="B9" q:t="s"><v>7</v></c>',
        '<c r="A1"><v>7</v></c><q:c xmlns:q="urn:q" r="A1"><q:v>9</q:v></q:c>',
        '<c r="A1"><v>7</v></c><extLst><ext><c r="A1"><v>9</v></c></ext></extLst>',
    ],
)
def test_foreign_elements_in_a_row(tmp_path: Path, inside: str) -> None:
    assert value(hostile.book(tmp_path / "a.xlsx", f'<row r="1">{inside}</row>')) == 7.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('<row r="1"><c r="A1"><v>7</v><v>9</v></c></row>', "<v> where none belongs, in the cell A1"),
        ('<row r="1"><c r="A1"><f>1</f><f>2</f><v>7</v></c></row>', "<f> where none belongs, in the cell A1"),
        ('<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is><v>9</v></c></row>', "<v> where none belongs"),
        ('<row r="1"><c r="A1"><v>7</v></c><c r="A1"><v>9</v></c></row>', "two cells A1"),
        ('<row r="1"><c r="A1"><v>7</v></c><c r="A1" s="1"/></row>', "two cells A1"),
        ('<row r="1"><c r="A1"><v>7</v></c></row><row r="1"><c r="A1"><v>9</v></c></row>', "two cells A1"),
        ('<row r="1"><c r="A1"><v>7</v></c><c r="a1"><v>9</v></c></row>', "two cells A1"),
        ('<row r="1"><c r="B1"/><c><v>1</v></c><c r="B1"/></row>', "two cells B1"),
        ('<row r="1"><c r="XFD1"/></row><row r="2"><c r="A2"/></row><row r="1"><c r="XFD1"/></row>', "two cells XFD1"),
        ('<row r="2"><c r="A1"><v>7</v></c></row>', "a cell 'A1' in row 2"),
        ('<row r="1"><c r="A1"><c r="A1"><v>9</v></c></c></row>', "<c> where none belongs, in the cell A1"),
        ('<row r="1"><q:w xmlns:q="urn:q"><c r="A1"><v>9</v></c></q:w></row>', "<c> where none belongs"),
        ('<q:w xmlns:q="urn:q"><row r="1"><c r="A1"><v>9</v></c></row></q:w>', "<row> where none belongs"),
        ('<c r="A1"><v>9</v></c>', "<c> where none belongs"),
        ('<row r="1_0"><c><v>7</v></c></row>', "a row '1_0', which is not a number"),
        ('<row r="\u0661"><c><v>7</v></c></row>', "which is not a number"),
    ],
)
def test_what_programs_would_read_in_different_ways_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    assert message in refusal(hostile.book(tmp_path / "a.xlsx", rows))


@pytest.mark.parametrize(
    "extra",
    [
        '<sheetData><row r="1"><c r="A1"><v>9</v></c></row></sheetData>',
        '<row r="1"><c r="A1"><v>9</v></c></row>',
        '<c r="A1"><v>9</v></c>',
        '<mc:AlternateContent xmlns:mc="urn:mc"><mc:Fallback><sheetData/></mc:Fallback></mc:AlternateContent>',
    ],
)
def test_cells_outside_the_sheet_data_are_refused(tmp_path: Path, extra: str) -> None:
    assert "where none belongs" in refusal(hostile.book(tmp_path / "a.xlsx", ROW, after=extra))


def test_cells_in_any_order_are_read(tmp_path: Path) -> None:
    rows = '<row r="3"><c r="B3"><v>3</v></c><c r="A3"><v>4</v></c></row><row r="1"><c r="A1"><v>7</v></c></row>'
    assert value(hostile.book(tmp_path / "a.xlsx", rows)) == 7.0


@pytest.mark.parametrize("root", ["chartsheet", "styleSheet", "x:worksheet"])
def test_a_part_that_is_no_worksheet(tmp_path: Path, root: str) -> None:
    sheet = f'<{root} xmlns="{hostile.MAIN}" xmlns:x="urn:x"><sheetData>{ROW}</sheetData></{root}>'
    assert "not a worksheet" in refusal(raw(tmp_path / "a.xlsx", sheet))


def test_without_any_namespace_it_is_no_worksheet(tmp_path: Path) -> None:
    assert "not a worksheet" in refusal(
        raw(tmp_path / "a.xlsx", f"<worksheet><sheetData>{ROW}</sheetData></worksheet>")
    )


def test_the_strict_dialect(tmp_path: Path) -> None:
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), ["<t>word</t>"])
    strict = {
        name: text.replace(hostile.MAIN, STRICT).replace(
            hostile.OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        for name, text in contents.items()
    }
    assert value(hostile.write(tmp_path / "a.xlsx", strict)) == "word"


def test_a_prefix_says_nothing(tmp_path: Path) -> None:
    """`q:` for the format's own namespace, and none for another."""
    sheet = (
        f'<q:worksheet xmlns:q="{hostile.MAIN}" xmlns="urn:other"><sheetData><row r="1"><c r="A1"><v>9</v></c></row>'
        '</sheetData><q:sheetData><q:row r="1"><q:c r="A1"><q:v>7</q:v></q:c></q:row></q:sheetData></q:worksheet>'
    )
    assert value(raw(tmp_path / "a.xlsx", sheet)) == 7.0


def test_byte_positions_are_given_for_bytes() -> None:
    sheet = f'<q:worksheet xmlns:q="{hostile.MAIN}"><q:sheetData><q:row><q:c><q:f>1</q:f><q:v>2</q:v></q:c></q:row>'
    sheet += "</q:sheetData></q:worksheet>"
    found = []
    scan_cells(sheet.encode(), found.append)
    (cell,) = found
    assert sheet[cell.value_start : cell.value_end] == "<q:v>2</q:v>" and sheet[cell.start :].startswith("<q:c>")


def test_blank_cells_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saitama.spreadsheets.read.sheet_cells.MAX_CELLS", 100)
    message = refusal(hostile.book(tmp_path / "a.xlsx", f"<row>{'<c/>' * 101}</row>"))
    assert "is too large to read, sheet 'Sheet1': it has more than 100 cells, most of them blank" in message
