"""Engines see a workbook without what cannot change a result, and with all that can."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import hostile
import openpyxl
import pytest
from available import ENGINES, GNUMERIC
from hostile import WHOLE_SHEET
from openpyxl.chart import LineChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import DataBarRule, FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from saitama.spreadsheets import recalculate
from saitama.spreadsheets.engines.engine_copy import engine_copy, without_decoration
from saitama.spreadsheets.read.package import Package

QUICK = [ENGINES[0], GNUMERIC]
ROWS = '<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1+1</f></c></row>'
LINK = f'<hyperlinks><hyperlink ref="{WHOLE_SHEET}" location="Sheet1!A1"/></hyperlinks>'
MERGE = f'<mergeCells count="1"><mergeCell ref="{WHOLE_SHEET}"/></mergeCells>'
RULES = (
    f'<conditionalFormatting sqref="{WHOLE_SHEET}"><cfRule type="expression" priority="1">'
    "<formula>A1&gt;SUM($A:$A)</formula></cfRule></conditionalFormatting>"
)
VALID = (
    f'<dataValidations count="1"><dataValidation type="decimal" sqref="{WHOLE_SHEET}"><formula1>0</formula1>'
    "<formula2>1</formula2></dataValidation></dataValidations>"
)


@pytest.mark.parametrize("after", [LINK, MERGE, RULES, VALID, MERGE + RULES + VALID + LINK])
@pytest.mark.parametrize("engine", QUICK)
def test_decoration_of_a_whole_sheet_costs_nothing(tmp_path: Path, engine: str, after: str) -> None:
    path = hostile.book(tmp_path / "a.xlsx", ROWS, after, before=f'<dimension ref="{WHOLE_SHEET}"/>')
    assert recalculate(path, engine=engine, timeout=60)["B1"] == 3.0


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_at_once(tmp_path: Path, engine: str) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in range(1, 6):
        sheet.cell(row, 1, row)
    sheet["B1"] = "=SUM(A1:A5)"
    sheet["B1"].comment = Comment("why?", "me")
    sheet.conditional_formatting.add(WHOLE_SHEET, DataBarRule("min", None, "max", None, "638EC6"))
    sheet.conditional_formatting.add(WHOLE_SHEET, FormulaRule(["B1>1"]))
    sheet.merge_cells("D1:E9")
    validation = DataValidation(type="whole", formula1="0", formula2="1")
    validation.add(WHOLE_SHEET)
    sheet.add_data_validation(validation)
    sheet["C1"].hyperlink = "https://example.org"
    for place in (sheet, workbook.create_chartsheet("Picture")):
        chart = LineChart()
        chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=5))
        place.add_chart(chart, *(["H1"] if place is sheet else []))
    workbook.save(tmp_path / "a.xlsx")
    assert recalculate(tmp_path / "a.xlsx", engine=engine, timeout=100)["Sheet!B1"] == 15.0


def copied(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(BytesIO(engine_copy(Package(path))))


def test_what_results_depend_on_stays(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row, line in enumerate([["a", "b"], [1, 2], [3, 4]], 1):
        for column, value in enumerate(line, 1):
            sheet.cell(row, column, value)
    sheet.add_table(Table(displayName="Mine", ref="A1:B3"))
    sheet["C1"].hyperlink = "https://example.org"
    filtered = workbook.create_sheet("Filtered")
    filtered["A1"] = "h"
    filtered.auto_filter.ref = "A1:A9"
    filtered.row_dimensions[4].hidden = True
    filtered["A4"] = 1
    workbook.save(tmp_path / "a.xlsx")
    archive = copied(tmp_path / "a.xlsx")
    first, second = (archive.read(f"xl/worksheets/sheet{n}.xml") for n in (1, 2))
    relations = archive.read("xl/worksheets/_rels/sheet1.xml.rels")
    assert (
        b"tablePart " in first
        and b"hyperlink" not in first
        and b"xl/tables/table1.xml" in archive.read("[Content_Types].xml")
    )
    assert b"relationships/table" in relations and b"example.org" not in relations
    assert b'<autoFilter ref="A1:A9"' in second and b'hidden="1"' in second
    assert {"xl/styles.xml", "xl/workbook.xml", "xl/tables/table1.xml"} <= set(archive.namelist())


@pytest.mark.parametrize(
    "before, after",
    [
        ("<w><sheetData><c/></sheetData><mergeCells/></w>", "<w><sheetData><c/></sheetData></w>"),
        ("<worksheet><sheetData/><mergeCells/></worksheet>", "<worksheet><sheetData/></worksheet>"),
        ("<x:w><x:sheetData></x:sheetData><x:a/></x:w >", "<x:w><x:sheetData></x:sheetData></x:w >"),
        (
            '<w><sheetData/><autoFilter ref="A>1"><b/></autoFilter><a/><tableParts count="1"><p/></tableParts><c/></w>',
            '<w><sheetData/><autoFilter ref="A>1"><b/></autoFilter><tableParts count="1"><p/></tableParts></w>',
        ),
        (
            "<w><sheetData/><autoFilter/><customSheetViews><autoFilter ref='B'/></customSheetViews></w>",
            "<w><sheetData/><autoFilter/></w>",
        ),
        ("<w><cols/></w>", "<w><cols/></w>"),  # no cells: as it is
        ("<w><sheetData/><!-- </sheetData> --><a/></w>", "<w><sheetData/><!-- </sheetData> --><a/></w>"),
    ],
)  # fmt: skip
def test_what_goes(before: str, after: str) -> None:
    assert without_decoration(before.encode()).decode() == after
