"""Recalculation with LibreOffice, run without a window in a profile folder of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Optional

from ..read.workbook import Book
from .engine import Calculated, EngineFailure, results, run

NAME = "libreoffice"

_USUAL_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)

# Formulas are calculated anew although the file holds values (OOXMLRecalcMode 0: always); macros do not run, and links
# to other files and to the network are not followed.
_SETTINGS = (
    ("Office.Calc/Formula/Load", "OOXMLRecalcMode", 0),
    ("Office.Calc/Content/Update", "Link", 2),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", 3),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
)


def find_program() -> Optional[str]:
    """The path of the program, or None where LibreOffice is not installed."""
    for name in ("soffice", "libreoffice"):
        program = shutil.which(name)
        if program:
            return program
    return next((place for place in _USUAL_PLACES if os.path.exists(place)), None)


def is_available() -> bool:
    return find_program() is not None


def calculate(source: Path, folder: Path, timeout: float) -> Calculated:
    """Evaluate the workbook `source`, with `folder` for what has to be written. Raises EngineFailure.

    LibreOffice saves 15 significant digits, so its results carry a relative error of up to 5e-15.
    """
    program = find_program()
    if program is None:
        raise EngineFailure("it is not installed")
    profile, output = folder / "profile", folder / "out"
    (profile / "user").mkdir(parents=True, exist_ok=True)  # a second workbook may be calculated in the same folder
    (profile / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")
    options = [f"-env:UserInstallation={profile.absolute().as_uri()}", "--headless", "--norestore", "--nologo"]
    convert = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(output), str(source)]
    run([program, *options, *convert], timeout, folder)
    book, sheets = results(output / source.name)
    return Calculated(_version(book), sheets)


def _version(book: Book) -> str:
    """LibreOffice signs what it writes: `<Application>LibreOffice/7.4.7.2$Linux_X86_64 …`."""
    signature = re.search(rb"LibreOffice/([0-9.]+)", book.package.read("docProps/app.xml"))
    return signature.group(1).decode() if signature else "unknown"


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>'
    )
