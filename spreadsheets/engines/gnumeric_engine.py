"""Recalculation with Gnumeric's converter, which needs no window."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from ..read.workbook import Book
from .engine import Calculated, EngineFailure, results, run

NAME = "gnumeric"


def is_available() -> bool:
    return shutil.which("ssconvert") is not None


def calculate(source: Path, folder: Path, timeout: float) -> Calculated:
    """Evaluate the workbook `source`, with `folder` for what has to be written. Raises EngineFailure.

    Where its builds compute with more bits than a double has, results are rounded once, to a double, at the end.
    """
    program = shutil.which("ssconvert")
    if program is None:
        raise EngineFailure("it is not installed")
    target = folder / "gnumeric.xlsx"
    env = dict(os.environ, HOME=str(folder), GSETTINGS_BACKEND="memory")  # nobody's settings are read or changed
    run([program, "--recalc", "-T", "Gnumeric_Excel:xlsx2", str(source), str(target)], timeout, folder, env)
    book, sheets = results(target)
    return Calculated(_version(book), sheets)


def _version(book: Book) -> str:
    """It signs 1.12.55 as `<AppVersion>1.1255</AppVersion>`."""
    found = re.search(
        rb"<AppVersion>([0-9]+)\.([0-9]{2})([0-9]{2})</AppVersion>", book.package.read("docProps/app.xml")
    )
    return ".".join(str(int(number)) for number in found.groups()) if found else "unknown"
