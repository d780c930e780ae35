"""Which part is which sheet: by the ids and types of the format's own namespaces, and never two for one title."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import hostile
import pytest

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read.workbook import open_workbook

ONE = hostile.sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')
TWO = hostile.sheet_xml('<row r="1"><c r="A1"><v>2</v></c></row>')
RELATION = f'<Relationship Id="%s" Type="{hostile.OFFICE}/worksheet" Target="worksheets/sheet%d.xml"/>'


def parts(sheets: str, relations: List[str]) -> Dict[str, str]:
    contents = hostile.parts(ONE)
    contents["xl/worksheets/sheet2.xml"] = TWO
    contents["xl/workbook.xml"] = (
        f'<workbook xmlns="{hostile.MAIN}" xmlns:r="{hostile.OFFICE}" xmlns:z="urn:z">{sheets}</workbook>'
    )
    contents["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{hostile.PACKAGE}/relationships">{"".join(relations)}</Relationships>'
    )
    return contents


BOTH = [RELATION % ("rId1", 1), RELATION % ("rId2", 2)]


@pytest.mark.parametrize(
    "sheet",
    [
        '<sheet name="S" sheetId="1" z:id="rId2" r:id="rId1"/>',
        '<sheet name="S" sheetId="1" r:id="rId1" z:id="rId2"/>',
        '<sheet name="S" sheetId="1" id="rId2" r:id="rId1"/>',
        f'<sheet xmlns:q="{hostile.OFFICE}" name="S" sheetId="1" q:id="rId1"/>',
        '<sheet name="S" sheetId="1" r:id="rId1"/><z:sheet name="Z" r:id="rId2"/>',
    ],
)
def test_the_id_of_the_right_namespace_counts(tmp_path: Path, sheet: str) -> None:
    book = open_workbook(hostile.write(tmp_path / "a.xlsx", parts(f"<sheets>{sheet}</sheets>", BOTH)))
    assert list(book) == ["S"] and book.cell("A1").value == 1.0


@pytest.mark.parametrize(
    "around",
    [
        '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets><extLst><ext>%s</ext></extLst>',
        '<extLst><ext><sheets>%s</sheets></ext></extLst><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>',
        '<z:sheets>%s</z:sheets><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>',
    ],
)
def test_sheets_elsewhere_do_not_count(tmp_path: Path, around: str) -> None:
    sheets = around % '<sheet name="T" sheetId="2" r:id="rId2"/>'
    assert list(open_workbook(hostile.write(tmp_path / "a.xlsx", parts(sheets, BOTH)))) == ["S"]


def refusal(path: Path, sheets: str, relations: Any = BOTH) -> str:
    with pytest.raises(WorkbookError) as caught:
        open_workbook(hostile.write(path, parts(f"<sheets>{sheets}</sheets>", relations)))
    return str(caught.value)


@pytest.mark.parametrize(("first", "second"), [("S", "S"), ("Sheet", "SHEET"), ("äÖ", "Äö"), ("\u0130x", "\u0130X")])
def test_two_sheets_of_one_title(tmp_path: Path, first: str, second: str) -> None:
    sheets = f'<sheet name="{first}" sheetId="1" r:id="rId1"/><sheet name="{second}" sheetId="2" r:id="rId2"/>'
    assert f"two sheets of one title, {first!r} and {second!r}" in refusal(tmp_path / "a.xlsx", sheets)


def test_a_long_title(tmp_path: Path) -> None:
    """It would stand in every message about a cell of that sheet."""
    message = refusal(tmp_path / "a.xlsx", f'<sheet name="{"x" * 40_000}" sheetId="1" r:id="rId1"/>')
    assert "a sheet whose title has 40,000 characters, 'xxx" in message and len(message) < 300
    sheet = f'<sheet name="{"x" * 200}" sheetId="1" r:id="rId1"/>'
    assert len(open_workbook(hostile.write(tmp_path / "b.xlsx", parts(f"<sheets>{sheet}</sheets>", BOTH)))) == 1


def test_titles_that_only_look_alike(tmp_path: Path) -> None:
    sheets = '<sheet name="Straße" sheetId="1" r:id="rId1"/><sheet name="STRASSE" sheetId="2" r:id="rId2"/>'
    book = open_workbook(hostile.write(tmp_path / "a.xlsx", parts(f"<sheets>{sheets}</sheets>", BOTH)))
    assert book.cell("straße!A1").value == 1.0 and book.cell("Strasse!A1").value == 2.0


def test_relations_that_do_not_hold_together(tmp_path: Path) -> None:
    one = '<sheet name="S" sheetId="1" r:id="rId1"/>'
    path = tmp_path / "a.xlsx"
    assert "two relations 'rId1'" in refusal(path, one, [BOTH[0], RELATION % ("rId1", 2)])
    assert "nothing says which part is the sheet 'S'" in refusal(path, '<sheet name="S" sheetId="1" r:id="rId9"/>')
    assert "nothing says which part is the sheet 'S'" in refusal(path, '<sheet name="S" sheetId="1" z:id="rId1"/>')
    both = one + '<sheet name="T" sheetId="2" r:id="rId1"/>'
    assert "'T' is the same part as another" in refusal(path, both)
    foreign = [BOTH[0].replace(hostile.OFFICE, "urn:other/relationships")]
    assert "has no worksheet" in refusal(path, one, foreign)
    texts = [f'<Relationship Id="t{n}" Type="{hostile.OFFICE}/sharedStrings" Target="t{n}.xml"/>' for n in (1, 2)]
    assert "2 parts of the kind 'sharedStrings'" in refusal(path, one, [*BOTH, *texts])


def test_relations_of_another_namespace_are_none(tmp_path: Path) -> None:
    contents = parts('<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>', BOTH)
    rels = contents["xl/_rels/workbook.xml.rels"]
    foreign = '<z:Relationship xmlns:z="urn:z" Id="rId1" Target="worksheets/sheet2.xml"/></Relationships>'
    contents["xl/_rels/workbook.xml.rels"] = rels.replace("</Relationships>", foreign)
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").value == 1.0


def test_shared_texts_of_others_are_not_counted(tmp_path: Path) -> None:
    texts = ["<t>first</t>", "<t>second</t>"]
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1" t="s"><v>1</v></c></row>'), texts)
    contents["xl/sharedStrings.xml"] = contents["xl/sharedStrings.xml"].replace(
        "</si>", '<q:t xmlns:q="urn:q">no</q:t><extLst><si><t>none</t></si></extLst></si>'
    )
    foreign = '<q:si xmlns:q="urn:q"><q:t>none</q:t></q:si><si><t>first'
    contents["xl/sharedStrings.xml"] = contents["xl/sharedStrings.xml"].replace("<si><t>first", foreign)
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").value == "second"
