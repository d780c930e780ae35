"""The messages of WorkbookError: one line that can be read, whatever a file brings into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hostile
import pytest

from saitama.cli import main
from saitama.spreadsheets import WorkbookError, verify
from saitama.spreadsheets.errors import WorkbookNotFound

LONG = "\x1b]0;gotcha\x07" + "long " * 9_000  # a name that a terminal would obey


def test_one_line_of_a_length_that_can_be_read() -> None:
    for kind in (WorkbookError, WorkbookNotFound):
        message = str(kind(f"mine.xlsx is damaged:\n{LONG}: save it again"))
        assert len(message) <= 290 and message.isprintable()
        assert message.startswith("mine.xlsx is damaged: \\x1b]0;gotcha") and message.endswith(": save it again")


@pytest.mark.parametrize("where", ["part", "title", "content"])
def test_names_in_a_zip_do_not_reach_the_terminal(where: str, tmp_path: Path, capsys: Any) -> None:
    contents = hostile.parts("<worksheet>")  # which does not end
    if where == "part":
        name = f"xl/worksheets/{LONG}.xml".replace("\x1b", "").replace("\x07", "")
        contents[name] = contents.pop("xl/worksheets/sheet1.xml")
        relations = contents["xl/_rels/workbook.xml.rels"]
        contents["xl/_rels/workbook.xml.rels"] = relations.replace("worksheets/sheet1.xml", f"/{name}")
    elif where == "title":
        contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace("Sheet1", "title " * 9_000)
    else:
        contents["xl/workbook.xml"] = LONG
    path = hostile.write(tmp_path / "mine.xlsx", contents)
    with pytest.raises(WorkbookError) as caught:
        verify(path)
    assert str(caught.value).startswith(str(path)) and len(str(caught.value)) <= 290
    assert main(["verify", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and len(err) <= 300 and err.strip().isprintable()
