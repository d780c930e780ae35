"""Workbooks as saitama writes them, and the promise that none that somebody has worked in is replaced unasked.

Each carries a mark, a document property with a digest of all other parts of the file. Whatever a person types, colours
or adds, the program that saves it writes other parts, and the digest no longer fits. So a file whose mark fits is
exactly as saitama wrote it, and nothing is lost when it is written anew; any other file is somebody's.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, List, Optional, Tuple, Union

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.custom import CustomPropertyList, StringProperty
from openpyxl.writer.excel import ExcelWriter

from saitama.files import atomic_path, target_file

from ..errors import WorkbookError
from .picture_xml import DrawnPicture
from .sheet_xml import PlannedWorksheet

MARK = "docProps/custom.xml"
PROPERTY = "saitama"
MOST_TO_DESCRIBE = 20_000_000  # bytes of a file whose cells are counted for a message

PathLike = Union[str, "os.PathLike[str]"]


def write_workbook(workbook: Any, path: PathLike, overwrite: Optional[bool] = None) -> None:
    """Write an openpyxl workbook, marked, whole or not at all; OSError as atomic_path raises it.

    overwrite: as in check_replaceable().
    """
    workbook.custom_doc_props = CustomPropertyList()
    workbook.custom_doc_props.append(StringProperty(PROPERTY, ""))  # so that the writer announces the part
    packed = BytesIO()  # first, because openpyxl's writer complains twice about a full disk
    with _MarkLast(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _Writer(workbook, archive).write_data()
        zipfile.ZipFile.writestr(archive, MARK, mark(archive))
    check_replaceable(path, overwrite)  # as late as can be: somebody may have saved the file a moment ago
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed.getvalue())


class _Writer(ExcelWriter):
    """A sheet that can write itself goes into the archive without another file between."""

    def write_worksheet(self, sheet: Any) -> None:
        if not isinstance(sheet, PlannedWorksheet):
            return super().write_worksheet(sheet)
        picture = sheet.planned.picture
        sheet._drawing = SpreadsheetDrawing() if picture is None else DrawnPicture(*picture)
        sheet._drawing.charts, sheet._drawing.images = sheet._charts, sheet._images
        with self._archive.open(sheet.path[1:], "w") as part:
            sheet.write_to(part)
        self.manifest.append(sheet)


class _MarkLast(zipfile.ZipFile):
    """An archive that leaves out the mark until all that it is a digest of is there."""

    def writestr(self, zinfo_or_arcname: Any, *arguments: Any, **options: Any) -> None:
        if zinfo_or_arcname != MARK:
            super().writestr(zinfo_or_arcname, *arguments, **options)


def mark(archive: zipfile.ZipFile) -> bytes:
    """The part MARK for an archive with these other parts. Its checksums are known without unpacking anything."""
    parts = sorted((info.filename, info.CRC, info.file_size) for info in archive.infolist() if info.filename != MARK)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    return (
        f'<Properties xmlns="{office}/custom-properties" xmlns:vt="{office}/docPropsVTypes">'
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="{PROPERTY}">'
        f"<vt:lpwstr>{digest}</vt:lpwstr></property></Properties>"
    ).encode()


def is_untouched(archive: zipfile.ZipFile) -> bool:
    """Whether a workbook is exactly as saitama wrote it."""
    expected = mark(archive)
    found = [info for info in archive.infolist() if info.filename == MARK]
    return len(found) == 1 and found[0].file_size == len(expected) and archive.read(MARK) == expected


def check_replaceable(path: PathLike, overwrite: Optional[bool]) -> None:
    """Raises FileExistsError, in one line, where writing to `path` would lose what somebody has made; OSError for what
    is there and no file.

    overwrite: None replaces what saitama wrote and nobody has touched since, True any file, False none.
    """
    if not target_file(path).exists() or overwrite is True:
        return
    if overwrite is False:
        raise FileExistsError(f"{os.fspath(path)} exists already; give another name or overwrite=True")
    try:
        with zipfile.ZipFile(path) as archive:
            if is_untouched(archive):
                return
    except Exception:  # whatever is wrong with it, it is not what saitama wrote
        pass
    raise FileExistsError(
        f"{os.fspath(path)} {what_it_holds(path)}; it is kept: give another name, or replace it with --force "
        "(overwrite=True)"
    )


def place_beside(path: PathLike, overwrite: Optional[bool]) -> Optional[Path]:
    """Where an export goes that somebody has worked in, other inputs tried perhaps, before it is written anew:
    `a (2).xlsx`. None where nothing would be lost; FileExistsError as of check_replaceable() for any other file: an
    export has no blanks, so to export again is no mistake, but a worksheet may hold an evening's work."""
    try:
        check_replaceable(path, overwrite)
        return None
    except FileExistsError:
        if overwrite is not None or not is_export(path):
            raise
    path = Path(path)
    names = (path.with_name(f"{path.stem} ({n}){path.suffix}") for n in count(2))
    return next(name for name in names if not os.path.lexists(name))


def is_export(path: PathLike) -> bool:
    """Whether a workbook is a whole one that export() wrote, whatever was done to it since."""
    from ..read.carried import read_graph
    from ..read.workbook import open_workbook

    try:
        return read_graph(open_workbook(path)).kind == "export"
    except (WorkbookError, OSError, MemoryError):
        return False


def what_it_holds(path: PathLike) -> str:
    """What a message says of a file that is not as saitama wrote it: `has 3 blanks filled in`."""
    from ..read.carried import read_graph  # only here, as it takes all operations with it
    from ..read.pages import pages_in
    from ..read.workbook import open_workbook

    try:
        size = os.path.getsize(path)
        if not size or size > MOST_TO_DESCRIBE:
            return f"is a file of {size:,} bytes that saitama did not write, or that was changed since"
        book = open_workbook(path)
    except (WorkbookError, OSError, MemoryError):
        return "is not a workbook that saitama wrote"
    try:
        work = _work([(page, read_graph(page)) for page in pages_in(book)])
        return f"has {' and '.join(work)}" if work else "was saved by another program since saitama wrote it"
    except (WorkbookError, MemoryError):
        if MARK in book.package.archive.namelist() and PROPERTY.encode() in book.package.read(MARK):
            return "was changed since saitama wrote it"
    sheets = ", ".join(repr(title[:31]) for title in list(book)[:3])
    more = f" and {len(book) - 3} more" if len(book) > 3 else ""
    return f"is a workbook that saitama did not write, with the sheets {sheets}{more}"


def _work(pages: List[Tuple[Any, Any]]) -> List[str]:
    """What a person has done in an export or a worksheet, of each page: blanks filled in, inputs changed."""
    from ..graph.keys import Value

    filled = changed = 0
    for book, carried in pages:
        for places in carried.places.values():
            if places.typed is not None:
                filled += sum(book[places.sheet][row, col].kind != "blank" for _, row, col in places.typed.cells())
        for leaf in carried.graph.inputs:
            places = carried.places.get(Value(leaf))
            if places is not None and "Exported" in book:
                now, then = book[places.sheet], book["Exported"]
                changed += sum(now[row, col].value != then[row, col].value for _, row, col in places.live.cells())
    counts = ((filled, "blank", "filled in"), (changed, "input", "changed"))
    return [f"{count:,} {noun}{'s' * (count > 1)} {verb}" for count, noun, verb in counts if count]
