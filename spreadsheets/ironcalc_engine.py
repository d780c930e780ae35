"""Recalculation with IronCalc, a small engine that pip installs (the extra `recalc`)."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Dict

from .engine import Calculated, EngineFailure, Result, run
from .reading import Position

NAME = "ironcalc"
_TYPED_BLANK = re.compile(rb'(<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?) t="n"( ?/>|></c>)')
_STYLES = "xl/styles.xml"
_STYLES_NEEDED = (b"cellStyleXfs", b"cellXfs", b"cellStyles", b"<xf")
_STYLE = re.compile(rb"""(<(?:c|row|col)\s(?:[^>"']|"[^"]*"|'[^']*')*?)\ss(?:tyle)?="[0-9]+\"""")
_PLAIN_STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_CHILD = Path(__file__).with_name("ironcalc_child.py")


def is_available() -> bool:
    return importlib.util.find_spec("ironcalc") is not None


def calculate(source: Path, folder: Path, timeout: float) -> Calculated:
    """Evaluate the workbook `source`, with `folder` for what has to be written. Raises EngineFailure."""
    target = folder / "ironcalc.json"
    source = _as_it_can_be_loaded(source, folder / "loadable.xlsx")
    # -P/-I would lose a package found through sys.path, so the child is given the parent's path instead.
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)), RUST_BACKTRACE="0")
    run([sys.executable, str(_CHILD), str(source), str(target)], timeout, folder, env)
    try:
        with open(target, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise EngineFailure(f"it gave no result ({error})") from error
    sheets: Dict[str, Dict[Position, Result]] = {title: {} for title in found["titles"]}
    for sheet, row, column, value, is_error in found["cells"]:
        sheets[found["titles"][sheet]][row, column] = Result(value, is_error)
    return Calculated(found["version"], sheets)


def _as_it_can_be_loaded(source: Path, target: Path) -> Path:
    """A copy in which formatted blank cells have no type: openpyxl writes t="n", which IronCalc reads as 0.

    Styles that lack what others do without, or no styles at all, would end it: then all cells get the same plain one.
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        styles = old.read(_STYLES) if _STYLES in old.namelist() else b""
        is_complete = all(part in styles for part in _STYLES_NEEDED)
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.startswith("xl/worksheets/"):
                data = _TYPED_BLANK.sub(rb"\1\2", data)
                data = data if is_complete else _STYLE.sub(rb"\1", data)
            if is_complete or entry.filename != _STYLES:
                new.writestr(entry.filename, data)
        if not is_complete:
            new.writestr(_STYLES, _PLAIN_STYLES)
    return target
