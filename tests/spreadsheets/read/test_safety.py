"""Files that nobody vouches for: each is refused in one line, quickly, or read without harm."""

from __future__ import annotations

import os
import zipfile

import hostile
import pytest

from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read import package, safety, xml_events
from saitama.spreadsheets.read import workbook as reading
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


def test_total_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "MAX_INFLATED", 20 << 20)
    message = refusal(hostile.blank_part(tmp_path / "a.xlsx"))
    assert "unpacks to more than 20 MB, more than is read here" in message and "'xl/worksheets/sheet2.xml'" in message


def test_declared_size_must_be_true(tmp_path):
    assert "not as long as declared" in refusal(hostile.understated_part(tmp_path / "a.xlsx"))


def test_too_many_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(safety, "MAX_PARTS", 1_000)
    assert "has 1,001 parts, more than the 1,000" in refusal(hostile.many_parts(tmp_path / "a.xlsx", 1_001))


@pytest.mark.parametrize(
    "make", [hostile.blank_part, hostile.white_picture, hostile.many_styles, hostile.rows_of_zeros, hostile.tall_rows]
)
def test_how_well_a_part_is_packed_does_not_matter(tmp_path, make):
    path = make(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        assert max(part.file_size / max(part.compress_size, 1) for part in archive.infolist()) > 100
    assert open_workbook(path).cell("Sheet1!A1").value == 7.0


# --- what a small part can make a reader do -----------------------------------------------------------------------
def test_tags_are_counted_over_all_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_events.Budget.__init__, "__defaults__", (5_000,))
    path = hostile.book(tmp_path / "a.xlsx", '<row r="1"><c><v>7</v></c></row>' + "<row/>" * 4_000)
    assert open_workbook(path).cell("A1").value == 7.0
    path = hostile.book(tmp_path / "b.xlsx", "<row/>" * 6_000)
    message = refusal(path)
    assert "is too large to read" in message and "more than 5,000 XML tags" in message and "damaged" not in message


def test_elements_inside_elements(tmp_path):
    deep = "<a>" * 100_000 + "</a>" * 100_000
    for where in ("before", "after"):
        path = hostile.book(tmp_path / "a.xlsx", "", **{where: deep})
        assert "elements inside elements" in refusal(path)
    contents = hostile.parts(hostile.sheet_xml(""), ["<t/>" + deep])
    contents["xl/worksheets/sheet1.xml"] = hostile.sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    assert "elements inside elements" in refusal(hostile.write(tmp_path / "a.xlsx", contents))
    contents = hostile.parts(hostile.sheet_xml(""))
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace("<sheets>", deep + "<sheets>")
    assert "elements inside elements" in refusal(hostile.write(tmp_path / "a.xlsx", contents))


def test_one_long_text(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1" t="str"><v>{"x" * 3_000_000}</v></c>')
    assert "a text of more than 2,000,000 characters" in refusal(path)
    path = hostile.book(tmp_path / "b.xlsx", "", texts=[f"<t>{'x' * 3_000_000}</t>"])
    assert "a text of more than" in refusal(path)


def test_one_long_tag(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_events, "MAX_TAG", 1 << 20)
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1" q="{"x" * 3_000_000}"><v>7</v></c>')
    assert "a single tag of more than 1 MB" in refusal(path)


def test_many_names(tmp_path):
    attributes = " ".join(f'a{n}=""' for n in range(100_000))
    assert "different names" in refusal(hostile.one_cell(tmp_path / "a.xlsx", f"<c {attributes}><v>7</v></c>"))


def test_texts_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "MAX_TEXTS", 10)
    path = hostile.book(tmp_path / "a.xlsx", '<row><c t="s"><v>0</v></c></row>', texts=["<t>a</t>"] * 11)
    assert "more than 10 texts" in refusal(path)
    monkeypatch.setattr(reading, "MAX_TEXT", 1_000)
    path = hostile.one_cell(tmp_path / "b.xlsx", '<c t="str"><v>0123456789</v></c>' * 101)
    assert "more than 1,000 characters" in refusal(path)


# --- how other programs write --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("/", "\\"),
        lambda name: "/" + name,
        str.upper,
        lambda name: "\\" + name.replace("/", "\\"),
    ],
)
def test_odd_names_of_parts(tmp_path, rename):
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1"><v>7</v></c></row>'))
    path = hostile.write(tmp_path / "a.xlsx", {rename(name): content for name, content in contents.items()})
    assert open_workbook(path).cell("A1").value == 7.0


@pytest.mark.parametrize(
    ("part", "target"),
    [
        ("xl/worksheets/sheet1.xml", "worksheets\\sheet1.xml"),
        ("xl/worksheets/sheet1.xml", "\\xl\\worksheets\\sheet1.xml"),
        ("xl/worksheets/sheet1.xml", "../xl/./worksheets/Sheet1.XML"),
        ("xl/worksheets/my sheet.xml", "worksheets/my%20sheet.xml"),
        ("xl/worksheets/my%20sheet.xml", "worksheets/my%20sheet.xml"),
        ("sheets/bl\u00e4tt.xml", "/sheets/bl%C3%A4tt.xml"),
    ],
)
def test_odd_targets(tmp_path, part, target):
    contents = hostile.parts("")
    del contents["xl/worksheets/sheet1.xml"]
    contents[part] = hostile.sheet_xml('<row r="1"><c r="A1"><v>7</v></c></row>')
    contents["xl/_rels/workbook.xml.rels"] = contents["xl/_rels/workbook.xml.rels"].replace(
        "worksheets/sheet1.xml", target
    )
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").value == 7.0


@pytest.mark.parametrize("other", ["XL/Workbook.xml", "xl\\workbook.xml", "/xl/workbook.xml"])
def test_two_names_for_one_part(tmp_path, other):
    contents = hostile.parts(hostile.sheet_xml(""))
    assert "two parts of the same name" in refusal(hostile.write(tmp_path / "a.xlsx", {**contents, other: "<a/>"}))


def test_what_others_keep_in_a_workbook_may_be_any_xml(tmp_path):
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1"><v>7</v></c></row>'))
    contents["customXml/item1.xml"] = "<!DOCTYPE a><a/>"
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").value == 7.0


def test_without_styles(tmp_path):
    contents = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1" s="3"><v>7</v></c></row>'))
    del contents["xl/styles.xml"]
    assert open_workbook(hostile.write(tmp_path / "a.xlsx", contents)).cell("A1").value == 7.0


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
