"""The copy of a workbook that engines see: without what cannot change a result.

A conditional format, a merge or a link over a whole sheet keeps an engine busy for minutes, a comment or a drawing can
keep it from opening the file at all. All of these stand behind the cells of a sheet, and go.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from io import BytesIO
from typing import Dict

from ..read.package import Package

# Of what stands behind the cells: SUBTOTAL asks which rows a filter hides, formulas call tables by name.
_KEPT = re.compile(
    rb"""<((?:[\w.-]+:)?(?:autoFilter|tableParts))\b(?:[^>"']|"[^"]*"|'[^']*')*?(?:/>|>.*?</\1\s*>)""", re.S
)
_CELLS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>|<(?:[\w.-]+:)?sheetData\s*/>")
_RELATION = re.compile(
    rb"""<(?:[\w.-]+:)?Relationship\s(?:[^>"']|"[^"]*"|'[^']*')*?(?:/>|>\s*</(?:[\w.-]+:)?Relationship\s*>)"""
)
_KEPT_RELATION = re.compile(rb"""Type\s*=\s*["'][^"']*/(?:table|pivotTable|queryTable)["']""")
_DROPPED_FOLDERS = ("drawings", "charts", "media", "printerSettings", "ctrlProps", "activeX", "embeddings")


def engine_copy(package: Package) -> bytes:
    """The copy, as a file."""
    packed = BytesIO()
    sheets = set(package.sheets.values())
    relations = {_relations_of(sheet).lower() for sheet in sheets}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for info in package.archive.infolist():
            name = info.filename
            folders = name.lower().split("/")[:-1]
            if any(folder.lower() in folders for folder in _DROPPED_FOLDERS):
                continue
            data = package.archive.read(info)
            if name in sheets:
                data = without_decoration(data)
            elif name.lower() in relations:
                data = _RELATION.sub(lambda found: found[0] if _KEPT_RELATION.search(found[0]) else b"", data)
            archive.writestr(name, data)
    return packed.getvalue()


def without_decoration(sheet: bytes) -> bytes:
    """The XML of a sheet without what stands behind its cells, apart from what results depend on."""
    ends = list(_CELLS_END.finditer(sheet))
    last = sheet.rfind(b"</")  # of the sheet itself
    if not ends or last < ends[-1].end() or sheet.find(b"<!--", ends[0].end()) >= 0:  # a comment may hold anything
        return sheet
    end = ends[-1].end()
    kept: Dict[bytes, bytes] = {}
    for found in _KEPT.finditer(sheet, end, last):
        kept.setdefault(found[1], found[0])  # a custom view may repeat the filter
    return sheet[:end] + b"".join(kept.values()) + sheet[last:]


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
