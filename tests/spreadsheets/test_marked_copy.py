"""A marked copy: cells coloured and notes beside them, and every other byte as it was."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

from saitama.spreadsheets.read.package import Package
from saitama.spreadsheets.write.marked_copy import Mark, marked_sheet, notes_by_row, write_marked_copy
from saitama.spreadsheets.write.style import GREEN, RED

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook_of(path: Path) -> Path:
    workbook = Workbook()
    sheet = workbook.active
    sheet["B2"], sheet["C2"], sheet["B5"] = 1.5, "=B2*2", 7
    sheet["B2"].number_format, sheet["B2"].font = "0.000", Font(bold=True)
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=2, max_row=5))
    sheet.add_chart(chart, "E2")
    workbook.create_sheet("Other")["A1"] = "untouched"
    workbook.save(path)
    return path


def parts(path: Path) -> Dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_cells_get_colours_and_keep_their_formats(tmp_path: Path) -> None:
    path = workbook_of(tmp_path / "mine.xlsx")
    marks = {"Sheet": {(2, 2): Mark("right"), (2, 3): Mark("wrong", "so & <so>"), (4, 2): Mark("wrong", "blank")}}
    marks["Sheet"][7, 1] = Mark("wrong", "a row that is not there")
    write_marked_copy(Package(path), marks, tmp_path / "marked.xlsx")
    before, after = parts(path), parts(tmp_path / "marked.xlsx")
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"xl/worksheets/sheet1.xml", "xl/styles.xml"}
    sheet = load_workbook(tmp_path / "marked.xlsx")["Sheet"]
    assert sheet["B2"].fill.start_color.rgb == f"FF{GREEN}" and sheet["B2"].number_format == "0.000"
    assert sheet["B2"].font.bold and sheet["B2"].value == 1.5 and sheet["C2"].value == "=B2*2"
    assert [sheet[cell].fill.start_color.rgb for cell in ("C2", "B4", "A7")] == [f"FF{RED}"] * 3
    assert sheet["B5"].fill.fill_type is None
    notes = {cell.row: (cell.column, cell.value) for row in sheet.iter_rows() for cell in row if cell.column > 4}
    notes = {row: note for row, note in notes.items() if note[1]}
    column = notes[2][0]
    assert {row: text for row, (_, text) in notes.items()} == {
        1: "what saitama says",
        2: "C2: so & <so>",
        4: "B4: blank",
        7: "A7: a row that is not there",
    }
    assert column > 12 and all(at == column for at, _ in notes.values()), "right of the chart"


def test_notes_are_not_said_twice() -> None:
    long = "with your h = 0.5, the derivative is taken at h in place of z"
    marks = {(2, column): Mark("wrong", long) for column in (2, 3, 4)}
    marks.update({(3, column): Mark("wrong", long) for column in (2, 4)})
    marks.update({(row, 6): Mark("carried", "right, given your numbers before it") for row in (2, 3)})
    marks[2, 5] = Mark("right")
    assert notes_by_row(marks) == {
        2: f"B2:D2: {long}; F2: right, given your numbers before it",
        3: "B3: likewise; D3: likewise; F3: right, given your numbers before it",
    }


def test_the_copy_opens_everywhere(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    from saitama.spreadsheets import recalculate

    write_marked_copy(
        Package(workbook_of(tmp_path / "mine.xlsx")), {"Sheet": {(2, 3): Mark("wrong", "note")}}, tmp_path / "m.xlsx"
    )
    result = recalculate(tmp_path / "m.xlsx", output=tmp_path / "r.xlsx", engine="ironcalc")
    assert result.values["Sheet"]["C2"] == 3


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (
            f"<worksheet {MAIN}><sheetData/></worksheet>",
            f'<worksheet {MAIN}><cols><col min="3" max="3" width="80" customWidth="1"/></cols>'
            '<sheetData><row r="1">NOTE</row></sheetData></worksheet>',
        ),
        (
            f'<worksheet {MAIN}><sheetData><row r="1" spans="1:2" ht="9"/></sheetData></worksheet>',
            f'<worksheet {MAIN}><cols><col min="3" max="3" width="80" customWidth="1"/></cols>'
            '<sheetData><row r="1" ht="9">NOTE</row></sheetData></worksheet>',
        ),
        (
            f'<x:worksheet {MAIN.replace("xmlns", "xmlns:x")}><x:cols><x:col min="3" max="16384" hidden="1"/></x:cols>'
            '<x:sheetData><x:row r="2"><x:c r="A2"/></x:row></x:sheetData></x:worksheet>',
            f'<x:worksheet {MAIN.replace("xmlns", "xmlns:x")}><x:cols><x:col min="3" max="16384" hidden="1"/></x:cols>'
            '<x:sheetData><x:row r="1">NOTE</x:row><x:row r="2"><x:c r="A2"/></x:row></x:sheetData></x:worksheet>',
        ),
    ],
)
def test_odd_sheets(sheet: str, expected: str) -> None:
    p = "x:" if "<x:" in sheet else ""
    note = f'<{p}c r="C1" t="inlineStr"><{p}is><{p}t xml:space="preserve">B1: n</{p}t></{p}is></{p}c>'
    marked: Any = marked_sheet(sheet.encode(), {(1, 2): Mark("wrong", "n")}, None, "head")
    assert marked.decode() == expected.replace("NOTE", note)
