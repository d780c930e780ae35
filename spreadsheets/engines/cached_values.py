"""Put calculated values into a workbook, beside its formulas, and leave everything else as it is.

A spreadsheet program keeps the last result of a formula in the file, `<c r="B2"><f>A1*2</f><v>4</v></c>`; whoever reads
the file without calculating sees that. Here only these `<v>` elements change, byte by byte; styles, protection, charts
and conditional formats keep the bytes they had, which no saving through an object model could promise.
"""

from __future__ import annotations

import math
import re
import zipfile
from copy import copy
from pathlib import Path
from typing import List, Mapping
from xml.sax.saxutils import escape

from ..errors import WorkbookError
from ..read.package import Package
from ..read.sheet_cells import RawCell, scan_cells
from ..read.workbook import Position
from ..read.xml_events import XmlError
from ..texts import escaped
from ..write.saving import MARK, is_untouched, mark
from .engine import Result

# The codes that the file format knows; whatever else an engine says becomes #VALUE!.
ERROR_CODES = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}

_START_TAG = re.compile(rb"""<([\w.:-]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(/?)>""")
_TYPE = re.compile(rb"""\s+t\s*=\s*("[^"]*"|'[^']*')""")
_ATTRIBUTES = re.compile(rb"""\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*')""")


def write_with_values(package: Package, values: Mapping[str, Mapping[Position, Result]], target: Path) -> None:
    """Write the workbook to `target` with `values`, sheet title -> (row, column) -> result, as its cached values."""
    parts = {part: values[title] for title, part in package.sheets.items() if values.get(title)}
    is_ours = is_untouched(package.archive)  # and so it stays: results are nobody's work
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = package.archive.comment
        for info in package.archive.infolist():
            if is_ours and info.filename == MARK:
                continue
            data = package.archive.read(info)
            if info.filename in parts:
                try:
                    data = with_values(data, parts[info.filename])
                except XmlError as error:
                    raise package.damage(f"{info.filename!r}: {error}") from error
            archive.writestr(copy(info), data, compress_type=info.compress_type)  # it is changed by that
        if is_ours:
            archive.writestr(MARK, mark(archive))


def with_values(sheet: bytes, values: Mapping[Position, Result]) -> bytes:
    """The XML of a sheet with these cached values. A position without a `<c>` element is passed over."""
    if sheet[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in sheet[:4]:
        raise WorkbookError("the workbook is written in UTF-16, which spreadsheet programs do not do: save it again")
    pieces: List[bytes] = []
    done = 0

    def on_cell(cell: RawCell) -> None:
        nonlocal done
        result = values.get((cell.row, cell.column))
        if result is None:
            return
        tag = _START_TAG.match(sheet, cell.start)
        if tag is None:
            raise XmlError(f"byte {cell.start} is not the start of a cell")
        kind, text = encode(result)
        name, attributes, closed = tag.groups()
        prefix = name[: name.find(b":") + 1]
        attributes = b"".join(a for a in _ATTRIBUTES.findall(attributes) if not _TYPE.fullmatch(a))
        value = b"<%sv>%s</%sv>" % (prefix, text, prefix)
        pieces.append(sheet[done : cell.start])
        pieces.append(b"<%s%s%s>" % (name, attributes, b' t="%s"' % kind if kind != b"n" else b""))
        if closed:
            pieces.append(value + b"</%s>" % name)
            done = tag.end()
        else:
            start, end = (cell.value_start, cell.value_end) if cell.value_end else (tag.end(), tag.end())
            pieces.append(sheet[tag.end() : start] + value)
            done = end

    scan_cells(sheet, on_cell)
    return b"".join([*pieces, sheet[done:]])


def encode(result: Result) -> tuple[bytes, bytes]:
    """The t attribute and the text of <v>. Numbers are written so that the double reads back exactly."""
    value = result.value
    if result.is_error:
        return b"e", (str(value) if value in ERROR_CODES else "#VALUE!").encode()
    if isinstance(value, bool):
        return b"b", b"1" if value else b"0"
    if isinstance(value, (int, float)):
        number = float(value)
        if not math.isfinite(number):
            return b"e", b"#NUM!"
        text = repr(number)
        return b"n", (text[:-2] if text.endswith(".0") else text).encode()
    return b"str", escape(escaped(str(value))).encode("ascii", "xmlcharrefreplace")
