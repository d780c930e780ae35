"""Checks made before anything else looks into a file that nobody vouches for.

A workbook is a zip of XML parts, so a small one can unpack to more than the memory holds, or make an XML parser expand
entities. Every part is inflated once here, with a bound, and only then handed on. The bytes that were checked are the
bytes that are used: the file is read once. How well a part is packed says nothing: a white picture packs a
thousandfold. What counts is what it unpacks to, and what is made of that (see xml_events.Budget, reading.MAX_CELLS).
"""

from __future__ import annotations

import copy
import os
import stat
import struct
import zipfile
import zlib
from io import BytesIO
from typing import Union

from ..errors import WorkbookError, WorkbookNotFound

PathLike = Union[str, "os.PathLike[str]"]

MAX_FILE = 1 << 29  # bytes; they are held in memory
MAX_INFLATED = 1 << 30  # bytes of all parts together, three seconds' work; what is read is read as a stream
MAX_PARTS = 50_000

_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old .xls, and the envelope of an encrypted .xlsx
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_LONGEST_DOCTYPE = max(map(len, _DOCTYPES))
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    OSError,
    ValueError,
)
_CHUNK = 1 << 18


def read_checked(path: PathLike) -> bytes:
    """The bytes of the file at `path`, once they are known to be a zip that is safe to inflate.

    Raises WorkbookNotFound or WorkbookError, in one line.
    """
    data = _read_bytes(path)
    if not data:
        raise WorkbookError(f"{path} is empty (0 bytes): save the workbook again or take another copy")
    if data.startswith(_COMPOUND_FILE):
        raise WorkbookError(
            f"{path} is protected by a password or is an old .xls: "
            "save it without a password as an Excel workbook (.xlsx)"
        )
    if not data.startswith(b"PK"):
        raise WorkbookError(f"{path} is not an .xlsx workbook: save it as an Excel workbook (.xlsx)")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_parts(path, archive)
    except WorkbookError:
        raise
    except _DAMAGE as error:
        raise WorkbookError(f"{path} is truncated or damaged ({error}): take another copy of it") from error
    return data


def _read_bytes(path: PathLike) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise WorkbookError(f"{path} is a folder: give the path of an .xlsx file")
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device might never end
            raise WorkbookError(f"{path} is not an ordinary file: give the path of an .xlsx file")
        if status.st_size > MAX_FILE:
            raise WorkbookError(f"{path} is too large: {_megabytes(status.st_size)}, at most {_megabytes(MAX_FILE)}")
        with open(path, "rb") as file:
            return file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise WorkbookNotFound(f"{path} does not exist: check the path") from None
    except PermissionError:
        raise WorkbookError(
            f"{path} cannot be read: permission denied; close other programs or copy the file"
        ) from None
    except OSError as error:
        raise WorkbookError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, WorkbookError):
            raise
        raise WorkbookError(f"{path!r} is not a path: {error}") from error


def part_name(name: str) -> str:
    """The name of a part as names are compared: some programs write `\\` or a leading `/`, and case does not count."""
    return name.replace("\\", "/").lstrip("/").lower()


def _check_parts(path: PathLike, archive: zipfile.ZipFile) -> None:
    """Inflate every part, bounded, believing nothing that the zip declares about itself."""
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise WorkbookError(f"{path} has {len(parts):,} parts, more than the {MAX_PARTS:,} that are read here")
    if len({part_name(part.filename) for part in parts}) < len(parts):
        raise WorkbookError(f"{path} is damaged: it has two parts of the same name; save it again")
    budget = MAX_INFLATED
    for part in parts:
        if part.flag_bits & 1:
            raise WorkbookError(f"{path} is protected by a password: save it without one")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WorkbookError(f"{path} is packed in a way that workbooks are not: save it again as .xlsx")
        size = _inflate(path, archive, part, budget)
        if size != part.file_size:
            raise WorkbookError(
                f"{path} is damaged: {part.filename!r:.60} is not as long as declared; take another copy"
            )
        budget -= size


def _inflate(path: PathLike, archive: zipfile.ZipFile, part: zipfile.ZipInfo, budget: int) -> int:
    """The true size of one part, found without keeping it."""
    probe = copy.copy(part)
    probe.file_size = budget + 2 * _CHUNK  # zipfile would stop at the declared size, which need not be the true one
    size, tail = 0, b""
    with archive.open(probe) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            if not chunk:
                return size
            size += len(chunk)
            if size > budget:
                raise WorkbookError(
                    f"{path} unpacks to more than {_megabytes(MAX_INFLATED)}, more than is read here (most of it is in "
                    f"{part.filename!r:.60} or before it): take what is needed from it"
                )
            if _is_ours(part.filename):
                window = tail + chunk
                if any(doctype in window for doctype in _DOCTYPES):
                    raise WorkbookError(
                        f"{path} declares its own XML entities (DOCTYPE in {part.filename!r:.60}), which the format "
                        "does not allow: save it again in a spreadsheet program"
                    )
                tail = window[-_LONGEST_DOCTYPE:]


def _is_ours(part: str) -> bool:
    """Whether a part is XML of the format itself; what other programs keep under customXml may be any XML."""
    name = part_name(part)
    return name.endswith((".xml", ".rels", ".vml")) and not name.startswith("customxml/item")


def _megabytes(size: int) -> str:
    return f"{size / (1024 * 1024):.0f} MB"
