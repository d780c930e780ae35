"""audit(path, script): a person's own workbook checked by a script that says what should stand where."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Union

from saitama.script import names_of

from ..read.safety import PathLike
from .audited import Audited
from .hand_sheet import HandSheet


def audit(
    path: PathLike,
    script: Union[str, os.PathLike[str]],
    *,
    sheet: Optional[str] = None,
    out: Optional[PathLike] = None,
) -> Audited:
    """Run a script that checks the workbook at `path`, and tell what it found.

    The script finds the workbook as `s`, a HandSheet, and its file name as `path`; it binds ranges, computes, and calls
    `s.check`; what its tensors are called, the report takes from it. `sheet` is the one that addresses without a title
    mean. `out` gets a marked copy: the person's own workbook, its checked cells green or red, the reasons beside them,
    everything else byte for byte.

    Raises WorkbookError for a workbook that cannot be read, ValueError where the script fails or checks nothing.
    """
    s = HandSheet(path, sheet)
    names: Dict[str, Any] = names_of(script, {"s": s, "path": os.fspath(path)})
    found = s.report(names)
    if out is not None:
        if os.path.realpath(out) == os.path.realpath(path):
            raise ValueError(f"audit: {os.fspath(out)} is the workbook itself; give the marked copy another name")
        found.mark(s.book.package, out)
    return found


__all__ = ["audit"]
