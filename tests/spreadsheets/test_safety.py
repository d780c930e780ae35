"""Files that nobody vouches for: each is refused in one line, quickly, or read without harm."""

from __future__ import annotations

import os
import zipfile

import hostile
import pytest

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read import safety
from saitama.spreadsheets.read.workbook import open_workbook


def refusal(path) -> str:
    """The message with which the file is refused: one line that names it."""
    with pytest.raises(WorkbookError) as caught:
        book = open_workbook(path)
        for sheet in book.values():
            len(sheet)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message


def test_missing_file(tmp_path):
    path = tmp_path / "nothing.xlsx"
    assert refusal(path) == f"{path} does not exist: check the path"
    with pytest.raises(FileNotFoundError):
        open_workbook(path)


def test_folder(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_pipe_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    path = tmp_path / "pipe.xlsx"
    os.mkfifo(path)
    assert "is not an ordinary file" in refusal(path)


def test_denied(tmp_path, monkeypatch):
    path = hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>")

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(safety, "open", deny, raising=False)
    assert "permission denied" in refusal(path)


def test_not_a_path():
    with pytest.raises(WorkbookError, match="is not a path"):
        open_workbook("a\0b.xlsx")


def test_empty(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"")
    assert "is empty" in refusal(path)


def test_not_a_zip(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_text("x,y\n1,2\n")
    assert "is not an .xlsx workbook" in refusal(path)


def test_password_or_xls(tmp_path):
    assert "is protected by a password or is an old .xls" in refusal(hostile.compound_file(tmp_path / "a.xlsx"))


def test_encrypted_zip(tmp_path):
    assert "protected by a password" in refusal(hostile.encrypted_part(tmp_path / "a.xlsx"))


@pytest.mark.parametrize("make", [hostile.truncated, hostile.flipped_bit])
def test_damaged(tmp_path, make):
    assert "truncated or damaged" in refusal(make(tmp_path / "a.xlsx"))


def test_every_truncation_is_refused(tmp_path):
    """No prefix of a workbook opens."""
    path = hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>")
    data = path.read_bytes()
    for length in range(0, len(data), 23):
        path.write_bytes(data[:length])
        refusal(path)


def test_zip_but_no_workbook(tmp_path):
    assert "is a zip file but not a workbook" in refusal(hostile.write(tmp_path / "a.xlsx", {"a.txt": "hello"}))


def test_opendocument_and_binary_workbooks_are_told_apart(tmp_path):
    ods = hostile.write(tmp_path / "a.ods", {"mimetype": "application/vnd.oasis", "content.xml": "<a/>"})
    assert "OpenDocument" in refusal(ods)
    contents = hostile.parts("")
    contents["_rels/.rels"] = contents["_rels/.rels"].replace("workbook.xml", "workbook.bin")
    assert ".xlsb" in refusal(hostile.write(tmp_path / "a.xlsb", contents))


def test_missing_sheet_part(tmp_path):
    contents = hostile.parts("")
    del contents["xl/worksheets/sheet1.xml"]
    assert "the part of sheet 'Sheet1' is missing" in refusal(hostile.write(tmp_path / "a.xlsx", contents))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_broken_xml(tmp_path, part):
    contents = hostile.parts(hostile.sheet_xml(""))
    contents[part] = contents[part][:-5]
    assert "its XML is broken" in refusal(hostile.write(tmp_path / "a.xlsx", contents))


@pytest.mark.parametrize("make", [hostile.zip_bomb, hostile.lying_bomb])
def test_zip_bomb(tmp_path, make):
    assert "a zip bomb, not opened" in refusal(make(tmp_path / "a.xlsx"))


def test_total_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "MAX_INFLATED", 100_000)
    path = hostile.book(tmp_path / "a.xlsx", "".join(f'<row r="{i}"><c><v>0</v></c></row>' for i in range(1, 4000)))
    assert "would unpack to more than" in refusal(path)


def test_declared_size_must_be_true(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "RATIO_MATTERS_FROM", 1 << 40)
    assert "not as long as declared" in refusal(hostile.lying_bomb(tmp_path / "a.xlsx"))


def test_too_many_parts(tmp_path):
    assert "has 10001 parts" in refusal(hostile.many_parts(tmp_path / "a.xlsx", 10_001))


def test_part_named_twice(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert "two parts of the same name" in refusal(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
def test_entities(tmp_path, encoding):
    assert "declares its own XML entities" in refusal(hostile.entities(tmp_path / "a.xlsx", encoding))


def test_entities_in_an_encoding_of_their_own(tmp_path):
    """The search for DOCTYPE does not know EBCDIC, the parser does, and refuses it as well."""
    assert "is damaged" in refusal(hostile.entities(tmp_path / "a.xlsx", "cp037"))


@pytest.mark.parametrize("make", [hostile.merged_everywhere, hostile.linked_everywhere, hostile.odd_styles])
def test_what_hangs_or_crashes_other_readers_is_read(tmp_path, make):
    assert open_workbook(make(tmp_path / "a.xlsx")).cell("A1").value == 7.0


def test_lock_file_is_no_obstacle(tmp_path):
    (tmp_path / ".~lock.a.xlsx#").write_text("someone")
    (tmp_path / "~$a.xlsx").write_text("someone")
    assert open_workbook(hostile.one_cell(tmp_path / "a.xlsx", "<c><v>1</v></c>")).cell("A1").value == 1.0
