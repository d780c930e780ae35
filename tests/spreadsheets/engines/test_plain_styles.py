"""Workbooks with incomplete styles, or none, are calculated as others are."""

from __future__ import annotations

import re
from pathlib import Path

import hostile
import pytest

from saitama.spreadsheets import read_tensor, recalculate
from saitama.spreadsheets.engines import plain_styles

ROW = '<row r="1" s="9" customFormat="1"><c r="A1" s="7"><v>0.5</v></c><c r="B1" s="2"><f>A1+0.25</f></c></row>'


@pytest.mark.parametrize(
    "left_out", ["", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "name", "everything", "part"]
)
def test_incomplete_styles(left_out: str, tmp_path: Path) -> None:
    contents = hostile.parts(hostile.sheet_xml(ROW, before='<cols><col min="1" max="2" style="5"/></cols>'))
    styles = contents["xl/styles.xml"]
    if left_out == "part":
        del contents["xl/styles.xml"]
    elif left_out == "name":
        contents["xl/styles.xml"] = styles.replace(' name="Normal"', "")
    elif left_out == "everything":
        contents["xl/styles.xml"] = f'<styleSheet xmlns="{hostile.MAIN}"/>'
    elif left_out:
        contents["xl/styles.xml"] = re.sub(f"<{left_out} .*?</{left_out}>", "", styles)
    path = hostile.write(tmp_path / "a.xlsx", contents)
    assert read_tensor(path, "A1").item() == 0.5
    recalculate(path, engine="ironcalc", output=tmp_path / "b.xlsx")
    assert read_tensor(tmp_path / "b.xlsx", "B1").item() == 0.75


def test_cells_keep_everything_but_their_style() -> None:
    sheet = b'<c r="A1" s="3" t="s"/><x:row x="1"  s=\'4\' r="2"/><col style="5"/><c r=" s=&quot;1"/><cols s="1"/>'
    bare = b'<c r="A1" t="s"/><x:row x="1" r="2"/><col/><c r=" s=&quot;1"/><cols s="1"/>'
    assert plain_styles.without(sheet) == bare
