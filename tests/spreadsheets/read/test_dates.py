"""Numbers that a spreadsheet shows as a date or a time are never taken for the numbers they hold."""

from __future__ import annotations

import datetime
from pathlib import Path

import hostile
import openpyxl
import pytest

from saitama import Tensor
from saitama.spreadsheets import WorkbookError, compare, read_tensor
from saitama.spreadsheets.read.dates import kind_of_format, shown_date
from saitama.spreadsheets.read.workbook import open_workbook


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", None),
        ("GENERAL", None),
        ("0.00", None),
        ("#,##0.00;[Red]-#,##0.00", None),
        ("0.00E+00", None),
        ("##0.0E-0", None),
        ("0%", None),
        ("# ?/?", None),
        ("@", None),
        (";;;", None),
        ('0 "days"', None),
        ("0\\d", None),
        ("0_d", None),
        ("0*d", None),
        ('_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-', None),
        ("[Magenta]0", None),
        ("[>100]0;0.0", None),
        ("[$-409]0.00", None),
        ("[$USD-409]0", None),
        ("EUR 0.00", None),
        ("#,##0 kr/Stk", None),
        ("0.0 m", None),
        ('"TRUE";"TRUE";"FALSE"', None),
        ("dd-mmm", "date"),
        ("d.m.yy", "date"),
        ("[$-407]d. mmmm yyyy;@", "date"),
        ("mmm", "date"),
        ("M", "date"),
        ("yyyy\\-mm\\-dd\\ hh:mm", "date"),
        ('yyyy"年"m"月"d"日"', "date"),
        ("ggge", "date"),
        ("aaaa", "date"),
        ("NNNNMMMM DD, YYYY", "date"),
        ("QQ YY", "date"),
        ("h:mm", "time"),
        ("[h]:mm:ss", "time"),
        ("[mm]", "time"),
        ("mm:ss.0", "time"),
        ("hh:mm:ss,000", "time"),
        ("[ss].00", "time"),
        ("[$-F400]h:mm:ss\\ AM/PM", "time"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "date"),
        ('上午/下午h"时"mm"分"', "time"),
        ("hh:mm AM/PM", "time"),
        ("[s]", "time"),
    ],
)
def test_formats(code: str, kind: str) -> None:
    assert kind_of_format(code) == kind


@pytest.mark.parametrize(
    ("serial", "kind", "since_1904", "shown"),
    [
        (45778.0, "date", False, "2025-05-01"),
        (45778.5, "date", False, "2025-05-01 12:00"),
        (1.0, "date", False, "1900-01-01"),
        (59.0, "date", False, "1900-02-28"),
        (61.0, "date", False, "1900-03-01"),
        (0.0, "date", True, "0:00"),
        (44316.0, "date", True, "2025-05-01"),
        (65 / 1440, "time", False, "1:05"),
        (1.5, "time", False, "36:00"),
        (1 / 86400, "time", False, "0:00:01"),
        (0.25, "date", False, "6:00"),
        (2_958_465.0, "date", False, "9999-12-31"),
        (-3.0, "date", False, "-3"),
        (1e300, "date", False, "1e+300"),
        (2_958_465.0, "date", True, "2.95846e+06"),
        (float("nan"), "date", False, "nan"),
    ],
)
def test_what_a_person_sees(serial: float, kind: str, since_1904: bool, shown: str) -> None:
    assert shown_date(serial, kind, since_1904) == shown


@pytest.fixture()
def typed(tmp_path: Path) -> Path:
    """What becomes of 1-5, 1:05, 1.5 and a percentage."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet["A1"], sheet["A2"] = datetime.datetime(2025, 5, 1), datetime.time(1, 5)
    sheet["A3"], sheet["A4"], sheet["A5"] = datetime.timedelta(days=1.5), 0.38, "=B1"
    sheet["A4"].number_format, sheet["A5"].number_format = "0%", "d.m.yyyy"
    workbook.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_a_date_is_no_number(typed: Path) -> None:
    assert read_tensor(typed, "A4").item() == 0.38
    for cell, shown in (("A1", "2025-05-01 (stored as 45778)"), ("A2", "1:05"), ("A3", "36:00")):
        with pytest.raises(WorkbookError, match=f"{cell} holds the date .*format to General") as error:
            read_tensor(typed, cell)
        assert shown in str(error.value)
    assert open_workbook(typed).cell("A5").kind == "not calculated"


def test_a_date_is_told_apart_in_a_comparison(typed: Path) -> None:
    result = compare(typed, {"A1": Tensor(45778.0), "A4": Tensor(0.38)})
    (difference,) = result.differences
    assert (difference.kind, difference.found, difference.expected) == ("date", "2025-05-01", 45778.0)
    assert "found the date 2025-05-01, expected 45778; set the cell's format to General" in str(result)
    assert result.as_dict()["differences"][0]["found"] == "2025-05-01"


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, "number"), (13, "number"), (14, "date"), (20, "date"), (22, "date"), (31, "date"), (44, "number")]
    + [(46, "date"), (57, "date"), (59, "number"), (81, "date"), (164, "number")],
)
def test_formats_that_have_only_a_number(tmp_path: Path, number: int, kind: str) -> None:
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1" s="1"><v>45778</v></c></row>'))
    contents["xl/styles.xml"] = contents["xl/styles.xml"].replace("</cellXfs>", f'<xf numFmtId="{number}"/></cellXfs>')
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").kind == kind


def test_named_styles_and_foreign_ones_do_not_count(tmp_path: Path) -> None:
    """Cells refer to cellXfs alone; a style of cellStyleXfs has the same number."""
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1" s="0"><v>45778</v></c></row>'))
    styles = contents["xl/styles.xml"].replace(
        '<cellStyleXfs count="1"><xf numFmtId="0"', '<cellStyleXfs><xf numFmtId="14"'
    )
    contents["xl/styles.xml"] = styles.replace(
        "<cellXfs", '<q:cellXfs xmlns:q="urn:q"><q:xf numFmtId="14"/></q:cellXfs><cellXfs'
    )
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").kind == "number"


def test_dates_since_1904(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    workbook.active["A1"] = datetime.datetime(2025, 5, 1)
    workbook.save(tmp_path / "a.xlsx")
    cell = open_workbook(tmp_path / "a.xlsx").cell("A1")
    assert (cell.kind, cell.date, cell.value) == ("date", "2025-05-01", 44316.0)
