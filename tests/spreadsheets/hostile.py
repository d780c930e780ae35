"""Makes workbook files from raw XML: small honest ones, and ones that try to harm whoever opens them."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Dict, Optional, Sequence
from xml.sax.saxutils import escape

from saitama.spreadsheets.read.package import Package
from saitama.spreadsheets.read.workbook import open_workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WHOLE_SHEET = "A1:XFD1048576"


def sheet_xml(rows: str, after: str = "", before: str = "") -> str:
    """A sheet part around the given <row> elements."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def parts(sheet: str, texts: Sequence[str] = (), title: str = "Sheet1") -> Dict[str, str]:
    """The parts of a workbook with this one sheet, as little as spreadsheet programs accept."""
    items = "".join(f"<si>{text}</si>" for text in texts)
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/sharedStrings.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
        '<Override PartName="/xl/styles.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{items}</sst>',
    }


def write(path: Path, contents: Dict[str, str], encoding: str = "utf-8") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content.encode(encoding))
    return path


def book(path: Path, rows: str, after: str = "", before: str = "", texts: Sequence[str] = ()) -> Path:
    """A workbook whose one sheet, "Sheet1", has these <row> elements."""
    return write(path, parts(sheet_xml(rows, after, before), texts))


def one_cell(path: Path, cell: str) -> Path:
    return book(path, f'<row r="1">{cell}</row>')


def several(path: Path, sheets: Dict[str, str]) -> Path:
    """A workbook of several sheets: {title: <row> elements}."""
    contents = parts("")
    listed, related = "", ""
    for n, (title, rows) in enumerate(sheets.items(), 1):
        contents[f"xl/worksheets/sheet{n}.xml"] = sheet_xml(rows)
        listed += f'<sheet name="{title}" sheetId="{n}" r:id="s{n}"/>'
        related += f'<Relationship Id="s{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
    one = '<sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace(one, listed)
    rels = contents["xl/_rels/workbook.xml.rels"]
    contents["xl/_rels/workbook.xml.rels"] = rels.replace("</Relationships>", f"{related}</Relationships>")
    return write(path, contents)


def row(number: int, *values: object) -> str:
    """A row of texts and numbers from column A on; None leaves a cell out."""
    cells = ""
    for n, value in enumerate(values):
        if isinstance(value, str):
            cells += f'<c r="{chr(65 + n)}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        elif value is not None:
            cells += f'<c r="{chr(65 + n)}{number}"><v>{value!r}</v></c>'
    return f'<row r="{number}">{cells}</row>'


# --- workbooks that carry a graph -----------------------------------------------------------------------------------
def item(name: str, shape: Sequence[int] = (), **more: object) -> Dict[str, object]:
    return {"name": name, "shape": list(shape), "dtype": "float64", "grad": True, **more}


def leaf(name: str, shape: Sequence[int], at: Optional[int] = None) -> Dict[str, object]:
    """An input, its numbers in the row `at` of Inputs."""
    places = None if at is None else {"sheet": "Inputs", "live": [at, 2]}
    return item(name, shape, value=places, gradient=None)


def node(op: str, inputs: Sequence[int], size: Sequence[int] = (), **params: object) -> Dict[str, object]:
    """An operation without any cells."""
    places = {"forward": None, "arriving": None, "contributions": [None] * len(inputs), "sheet": "n"}
    needs = [True] * len(inputs)
    return item(op, size, op=op, params=params, inputs=list(inputs), needs=needs, **places)


def graph_book(path: Path, leaves: Sequence[object], nodes: Sequence[object], **more: object) -> Path:
    """A workbook that carries this graph, with numbers for inputs of two numbers in row 3 and of one in row 6."""
    described = {"saitama": "0", "format": 1, "kind": "export", "leaves": leaves, "nodes": nodes, **more}
    inputs = row(2, None, "0", "1") + row(3, None, 0.5, 0.25) + row(5, None, "value") + row(6, None, 2.0)
    text = json.dumps(described)
    chunks = [text[at : at + 30_000] for at in range(0, len(text), 30_000)]
    graph = row(1, "note") + "".join(row(n, chunk) for n, chunk in enumerate(chunks, 2))
    return several(path, {"Inputs": inputs, "Exported": inputs, "Graph": graph})


def with_graph(source: Path, path: Path, text: str) -> Path:
    """The workbook `source` with another text for the graph that it carries."""
    package = Package(source)
    chunks = [text[at : at + 30_000] for at in range(0, len(text), 30_000)]
    sheet = sheet_xml("".join(row(n, chunk) for n, chunk in enumerate(chunks, 2)))
    with zipfile.ZipFile(path, "w") as archive:
        for name in package.archive.namelist():
            archive.writestr(name, sheet if name == package.sheets["Graph"] else package.read(name))
    return path


def graph_text(path: Path) -> str:
    """The graph that a small workbook carries."""
    return str(open_workbook(path)["Graph"][2, 1].value)


# --- files that are no workbook ------------------------------------------------------------------------------------
def compound_file(path: Path) -> Path:
    """How an old .xls and a password-protected .xlsx begin."""
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    return path


def truncated(path: Path) -> Path:
    book(path, '<row r="1"><c r="A1"><v>1</v></c></row>')
    path.write_bytes(path.read_bytes()[:-100])
    return path


def flipped_bit(path: Path) -> Path:
    """A workbook in which one byte of a packed part has changed."""
    book(path, "".join(f'<row r="{i}"><c r="A{i}"><v>{i * i / 7}</v></c></row>' for i in range(1, 500)))
    data = bytearray(path.read_bytes())
    data[data.index(b"xl/worksheets/sheet1.xml") + 1000] ^= 0xFF
    path.write_bytes(bytes(data))
    return path


def encrypted_part(path: Path) -> Path:
    """A zip with the flag of a password set on its parts."""
    book(path, "")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
    for offset in offsets:
        data[offset + 6] |= 1
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(bytes(data))
    return path


# --- files that want to fill the memory, or never to be done --------------------------------------------------------
ROW = '<row r="1"><c r="A1"><v>7</v></c></row>'


def with_part(path: Path, name: str, content: bytes, others: Optional[Dict[str, str]] = None) -> Path:
    """A workbook with a part of these bytes."""
    contents = {name: text.encode() for name, text in (others or parts(sheet_xml(ROW))).items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in {**contents, name: content}.items():
            archive.writestr(part, data)
    return path


def blank_part(path: Path, megabytes: int = 30) -> Path:
    """A part of blanks that packs a thousandfold."""
    return with_part(path, "xl/worksheets/sheet2.xml", b" " * (megabytes << 20))


def white_picture(path: Path) -> Path:
    return with_part(path, "xl/media/image1.bmp", b"BM" + bytes(52) + b"\xff" * 1_620_000)


def many_styles(path: Path) -> Path:
    style = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs count="20000">{style * 20_000}</cellXfs></styleSheet>'
    return with_part(path, "xl/styles.xml", styles.encode())


def rows_of_zeros(path: Path) -> Path:
    return book(path, ROW + "".join(f'<row r="{n}">{"<c><v>0</v></c>" * 50}</row>' for n in range(2, 2_000)))


def tall_rows(path: Path) -> Path:
    return book(path, ROW + '<row ht="20" customHeight="1"/>' * 30_000)


def understated_part(path: Path) -> Path:
    """A part that the zip's directory declares to be 100 bytes long."""
    blank_part(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 100)  # the last entry is that part's
    path.write_bytes(bytes(data))
    return path


def many_parts(path: Path, count: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(count):
            archive.writestr(f"{index}", b"")
    return path


def entities(path: Path, encoding: str = "utf-8") -> Path:
    """Ten entities, each ten of the one before."""
    definitions = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")
    )
    sheet = sheet_xml('<row r="1"><c r="A1" t="str"><v>&i;</v></c></row>')
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    contents = parts(f"{head}<!DOCTYPE worksheet [{definitions}]>{sheet}")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content.encode(encoding if "sheet1" in name else "utf-8"))
    return path


def merged_everywhere(path: Path, cell: str = "<v>7</v>") -> Path:
    return book(
        path,
        f'<row r="1"><c r="A1">{cell}</c></row>',
        after=f'<mergeCells count="1"><mergeCell ref="{WHOLE_SHEET}"/></mergeCells>',
    )


def linked_everywhere(path: Path) -> Path:
    return book(
        path,
        '<row r="1"><c r="A1"><v>7</v></c></row>',
        after=f'<hyperlinks><hyperlink ref="{WHOLE_SHEET}" location="Sheet1!A1"/></hyperlinks>',
    )


def odd_styles(path: Path, styles: Optional[str] = None) -> Path:
    """A styles part that is not even XML, as a reader of numbers need not care."""
    contents = parts(sheet_xml('<row r="1"><c r="A1" s="99"><v>7</v></c></row>'))
    contents["xl/styles.xml"] = styles or "<styleSheet><fonts><font><b val='perhaps'/>"
    return write(path, contents)
