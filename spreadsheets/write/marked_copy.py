"""A person's own workbook with what was found written into it: cells green or red, and the reasons in a column of their
own at the right. Nothing else changes: formulas, formats, charts, macros and other sheets keep the bytes they had.
"""

from __future__ import annotations

import re
import zipfile
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple
from xml.sax.saxutils import escape

from saitama.files import atomic_path

from ..address import cell_name
from ..errors import WorkbookError
from ..read.package import Package
from ..read.safety import PathLike
from ..read.workbook import Position
from ..read.xml_events import XmlError
from ..texts import cell_text
from .sheet_scan import START_TAG, RowPlace, SheetScan, scan_sheet
from .style import AMBER, GREEN, RED, YELLOW
from .style_variants import Edit, StyleVariants, edited

COLORS = {"right": GREEN, "carried": GREEN, "wrong": RED, "empty": YELLOW, "unknown": AMBER}
WIDTH = 80  # characters of the column of reasons
_STYLE = re.compile(rb"""\s+s\s*=\s*("[^"]*"|'[^']*')""")
_SPANS = re.compile(rb"""\s+spans\s*=\s*("[^"]*"|'[^']*')""")
_ONE_ANCHOR = re.compile(
    rb"""<(?:\w+:)?oneCellAnchor\b.*?<(?:\w+:)?col>(\d{1,5})</.*?<(?:\w+:)?ext\s[^>]*?cx\s*=\s*["'](\d{1,12})["']""",
    re.S,
)
EMU = 500_000  # of a rather narrow column
_DRAWN = re.compile(rb"<(?:\w+:)?to>\s*<(?:\w+:)?col>(\d{1,5})</")


@dataclass(frozen=True)
class Mark:
    """Of one cell: its colour, "right", "carried", "wrong", "empty" or "unknown", and what is to be said beside it."""

    verdict: str
    note: str = ""


SHORT = 40  # characters of a note that is said in every row
Marks = Mapping[str, Mapping[Position, Mark]]  # by sheet


def write_marked_copy(package: Package, marks: Marks, path: PathLike, head: str = "what saitama says") -> None:
    """Write the copy to `path`, whole or not at all. Raises WorkbookError for parts that cannot be changed, OSError for
    a file that cannot be written."""
    parts = {part: marks[title] for title, part in package.sheets.items() if marks.get(title)}
    styles_part = package.styles_part
    variants: Optional[StyleVariants] = None
    try:
        if styles_part is not None:
            variants = StyleVariants(package.read(styles_part))
    except (XmlError, ValueError):
        variants = None  # the reasons are written all the same
    try:
        changed = {
            part: marked_sheet(package.read(part), here, variants, head, _drawn(package, part))
            for part, here in parts.items()
        }
    except XmlError as error:
        raise package.damage(str(error)) from error
    if variants is not None and styles_part is not None:
        changed[styles_part] = variants.part()
    with atomic_path(path) as temporary:
        _write(package, changed, temporary)


def _write(package: Package, changed: Dict[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = package.archive.comment
        for info in package.archive.infolist():
            data = changed[info.filename] if info.filename in changed else package.archive.read(info)
            archive.writestr(copy(info), data, compress_type=info.compress_type)  # it is changed by that


def marked_sheet(
    sheet: bytes, marks: Mapping[Position, Mark], variants: Optional[StyleVariants], head: str, drawn: int = 0
) -> bytes:
    """The XML of a sheet with its cells coloured and the notes beside them, right of the column `drawn`."""
    if sheet[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in sheet[:4]:
        raise WorkbookError("the workbook is written in UTF-16, which spreadsheet programs do not do: save it again")
    scan = scan_sheet(sheet)
    scan.last_column = max(scan.last_column, drawn, max((column for _, column in marks), default=0))
    tag = START_TAG.match(sheet, scan.data[0])
    if tag is None:
        raise XmlError("a sheet has no place for cells")
    prefix = tag[1][: tag[1].find(b":") + 1]
    new: Dict[Position, bytes] = {}
    edits: List[Edit] = []
    for (row, column), mark in marks.items():
        style = variants.of(scan.styles.get((row, column), 0), COLORS[mark.verdict]) if variants is not None else None
        if (row, column) not in scan.styles:
            if style is not None:
                new[row, column] = _cell(prefix, row, column, b"", style)
        elif style is not None:
            start = next(at for c, at in scan.rows[row].cells if c == column)
            found = START_TAG.match(sheet, start)
            if found is None:
                raise XmlError(f"byte {start} is not the start of a cell")
            attributes = _STYLE.sub(b"", found[2]) + b' s="%d"' % style
            edits.append((start, found.end(), b"<%s%s%s>" % (found[1], attributes, found[3])))
    notes = notes_by_row(marks)
    if notes:
        column = scan.free_column()
        new.update(((row, column), _cell(prefix, row, column, _text(prefix, text))) for row, text in notes.items())
        above = min(notes) - 1
        if above > 0:
            new[above, column] = _cell(prefix, above, column, _text(prefix, head))
        edits += _width(sheet, scan, column, prefix)
    edits += _cells_put_in(sheet, scan, new, prefix)
    return edited(sheet, edits)


def notes_by_row(marks: Mapping[Position, Mark]) -> Dict[int, str]:
    """What stands beside each row: the notes of its cells, from left to right. Neighbours with the same note share it,
    and a long one that stands in a row above is not said again."""
    runs: List[Tuple[int, int, int, str]] = []  # row, first and last column, note
    for (row, column), mark in sorted(marks.items()):
        if mark.note and runs and runs[-1] == (row, runs[-1][1], column - 1, mark.note):
            runs[-1] = (row, runs[-1][1], column, mark.note)
        elif mark.note:
            runs.append((row, column, column, mark.note))
    notes: Dict[int, List[str]] = {}
    said: Dict[str, int] = {}
    for row, first, last, note in runs:
        above = said.setdefault(note, row) < row and len(note) > SHORT
        cells = cell_name(row, first) if first == last else f"{cell_name(row, first)}:{cell_name(row, last)}"
        notes.setdefault(row, []).append(f"{cells}: {'likewise' if above else note}")
    return {row: "; ".join(texts) for row, texts in notes.items()}


def _cell(prefix: bytes, row: int, column: int, inside: bytes, style: int = 0) -> bytes:
    kind, look = b' t="inlineStr"' * bool(inside), b' s="%d"' % style * bool(style)
    return b'<%sc r="%s"%s%s>%s</%sc>' % (prefix, cell_name(row, column).encode(), look, kind, inside, prefix)


def _text(p: bytes, text: str) -> bytes:
    written = escape(cell_text(text)).encode("ascii", "xmlcharrefreplace")
    return b'<%sis><%st xml:space="preserve">%s</%st></%sis>' % (p, p, written, p, p)


def _cells_put_in(sheet: bytes, scan: SheetScan, new: Mapping[Position, bytes], prefix: bytes) -> List[Edit]:
    """Edits that put cells in, each in its place, with rows where there are none."""
    edits: List[Edit] = []
    by_row: Dict[int, Dict[int, bytes]] = {}
    for (row, column), cell in sorted(new.items()):
        by_row.setdefault(row, {})[column] = cell
    loose: List[Edit] = []
    for number, cells in by_row.items():
        place = scan.rows.get(number)
        if place is None:
            later = [other.start for n, other in scan.rows.items() if n > number]
            at = min(later) if later else scan.data[1]
            loose.append((at, at, b'<%srow r="%d">%s</%srow>' % (prefix, number, b"".join(cells.values()), prefix)))
        else:
            edits += _into_row(sheet, place, cells, prefix)
    start, end = scan.data
    tag = START_TAG.match(sheet, start)
    if loose and tag is not None and tag[3]:  # <sheetData/>
        inside = b"".join(edit[2] for edit in loose)
        return [(start, tag.end(), b"<%s%s>%s</%s>" % (tag[1], tag[2], inside, tag[1]))]
    return [*edits, *loose]


def _into_row(sheet: bytes, row: RowPlace, cells: Mapping[int, bytes], prefix: bytes) -> List[Edit]:
    tag = START_TAG.match(sheet, row.start)
    if tag is None:
        raise XmlError(f"byte {row.start} is not the start of a row")
    attributes = _SPANS.sub(b"", tag[2])  # which says how far the row reaches
    if tag[3]:
        return [(row.start, tag.end(), b"<%s%s>%s</%s>" % (tag[1], attributes, b"".join(cells.values()), tag[1]))]
    edits: List[Edit] = [(row.start, tag.end(), b"<%s%s>" % (tag[1], attributes))]
    for column, cell in cells.items():
        at = next((place for c, place in row.cells if c > column), row.end)
        edits.append((at, at, cell))
    return edits


def _width(sheet: bytes, scan: SheetScan, column: int, prefix: bytes) -> List[Edit]:
    """Make the column of reasons wide, where nothing else is said of it."""
    if any(first <= column <= last for first, last, _ in scan.formatted):
        return []
    if any(first > column for first, _, _ in scan.formatted):
        return []  # columns stand in their order
    one = b'<%scol min="%d" max="%d" width="%d" customWidth="1"/>' % (prefix, column, column, WIDTH)
    if scan.columns_end is not None and sheet.startswith(b"</", scan.columns_end):
        return [(scan.columns_end, scan.columns_end, one)]
    if scan.columns_end is not None:
        return []
    return [(scan.data[0], scan.data[0], b"<%scols>%s</%scols>" % (prefix, one, prefix))]


def _drawn(package: Package, part: str) -> int:
    """The last column that a chart or a picture of the sheet covers."""
    last = 0
    for relation in package.related_parts(part):
        if "drawing" in relation.lower() and relation.lower().endswith(".xml"):
            data = package.read(relation)
            last = max([last, *(int(column) + 1 for column in _DRAWN.findall(data))])
            last = max([last, *(int(column) + 1 + int(width) // EMU for column, width in _ONE_ANCHOR.findall(data))])
    return min(last, 16_000)


__all__ = ["Mark", "Marks", "marked_sheet", "notes_by_row", "write_marked_copy"]
