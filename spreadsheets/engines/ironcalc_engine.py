"""Recalculation with IronCalc, a small engine that pip installs (the extra `recalc`)."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Dict

from ..read.workbook import Position
from . import plain_styles
from .engine import Calculated, EngineFailure, Result, run

NAME = "ironcalc"
OLDEST = (0, 8, 3)  # that lists the cells of a workbook
_TYPED_BLANK = re.compile(rb'(<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?) t="n"( ?/>|></c>)')
_CHILD = Path(__file__).with_name("ironcalc_child.py")


def is_available() -> bool:
    """Whether it is installed, and not as an older version, which pip takes for a Python that has no newer one."""
    try:
        return tuple(map(int, re.findall(r"\d+", metadata.version(NAME))[:3])) >= OLDEST
    except metadata.PackageNotFoundError:
        return False


def calculate(source: Path, folder: Path, timeout: float) -> Calculated:
    """Evaluate the workbook `source`, with `folder` for what has to be written. Raises EngineFailure."""
    target = folder / "ironcalc.json"
    source = _with_blanks_untyped(source, folder / "untyped.xlsx")
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


def _with_blanks_untyped(source: Path, target: Path) -> Path:
    """A copy in which formatted blank cells have no type. openpyxl writes t="n", and IronCalc reads that as 0."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        styles = plain_styles.instead(old)
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.startswith("xl/worksheets/"):
                data = _TYPED_BLANK.sub(rb"\1\2", data)
                data = data if styles is None else plain_styles.without(data)
            if styles is None or entry.filename != plain_styles.PART:
                new.writestr(entry, data)
        if styles is not None:
            new.writestr(plain_styles.PART, styles)
    return target
