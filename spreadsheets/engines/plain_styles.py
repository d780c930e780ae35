"""Styles for an engine that cannot do without: IronCalc ends where a workbook has none, or only some of their parts.

Results do not depend on them, so all cells get the one plain style.
"""

from __future__ import annotations

import re
import zipfile
from typing import Optional

PART = "xl/styles.xml"
PLAIN = (
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    b'<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    b'<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    b'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    b'<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_NEEDED = re.compile(rb"<(?:[\w.-]+:)?(fonts|fills|borders|cellStyleXfs|cellXfs|cellStyles)[\s>]")
_UNNAMED = re.compile(rb"""<(?:[\w.-]+:)?cellStyle\s(?![^>]*\bname=)""")
_STYLE = re.compile(
    rb"""(<(?:[\w.-]+:)?(?:c|row|col)\b(?:[^>"']|"[^"]*"|'[^']*')*?)\s+s(?:tyle)?=(?:"[^"]*"|'[^']*')"""
)


def instead(archive: zipfile.ZipFile) -> Optional[bytes]:
    """The styles part that a workbook needs instead of its own; None where its own will do."""
    styles = archive.read(PART) if PART in archive.namelist() else b""
    return None if len(set(_NEEDED.findall(styles))) == 6 and not _UNNAMED.search(styles) else PLAIN


def without(sheet: bytes) -> bytes:
    """The XML of a sheet whose cells, rows and columns ask for no style."""
    return _STYLE.sub(rb"\1", sheet)
