"""What a spreadsheet shows as a date or a time: a number all the same, with a format that says so.

Who types 1.5 or 1-5 where the program takes that for a day sees "01-May"; the cell holds 45778.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import BinaryIO, Dict, Optional, Union

from .xml_events import SPREADSHEET, Budget, find_elements

_FORMAT = ("styleSheet", "numFmts", "numFmt")
_STYLE = ("styleSheet", "cellXfs", "xf")

# Formats that have a number instead of a text. 27 to 36 and 50 to 58 are East Asian, 71 to 81 Thai.
_BUILT_IN: Dict[int, str] = {
    **dict.fromkeys([*range(14, 18), 22, *range(27, 37), *range(50, 59), *range(71, 82)], "date"),
    **dict.fromkeys([*range(18, 22), *range(45, 48)], "time"),
}
# What is not a code: quoted text, single characters, colours, conditions and languages in brackets, exponents.
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]|e[+-]|general', re.IGNORECASE)
_DAY = re.compile(r"[dye]|a{3}|b{2}|g|n{2}|q{1,2}|w{2}", re.IGNORECASE)
_HOUR = re.compile(r"[hs]|\[m+\]|am/pm|a/p", re.IGNORECASE)
_FRACTION = re.compile(r"s\]?[.,]0+", re.IGNORECASE)  # of a second
_LAST = 2_958_466  # the day after the last that a spreadsheet knows, in the year 9999


def date_styles(styles: Union[bytes, BinaryIO], budget: Budget) -> Dict[str, str]:
    """By the number of a cell style "date" or "time", where it shows a number as such; raises XmlError."""
    found = find_elements(styles, SPREADSHEET, [_FORMAT, _STYLE], budget)
    formats = {a.get("numFmtId", ""): kind_of_format(a.get("formatCode", "")) for a, _ in found[_FORMAT]}
    for number, kind in _BUILT_IN.items():
        formats.setdefault(str(number), kind)
    kinds = {str(n): formats.get(a.get("numFmtId", "").strip()) for n, (a, _) in enumerate(found[_STYLE])}
    return {style: kind for style, kind in kinds.items() if kind}


def kind_of_format(code: str) -> Optional[str]:
    """`dd-mmm` is a "date", `[h]:mm` a "time", `0.00E+00` and `0 "days"` neither."""
    code = _NO_CODE.sub("", code)
    if re.search("[0#?]", _FRACTION.sub("s", code)):  # `EUR 0.00`, whose letters should be in quotes
        return None
    if _DAY.search(code):
        return "date"
    if _HOUR.search(code):
        return "time"
    return "date" if "m" in code.lower() else None


def shown_date(serial: float, kind: str, since_1904: bool) -> str:
    """The date and time that a number stands for: `2025-05-01`, `2025-05-01 13:30`, `1:05`; the number where none."""
    if not 0 <= serial < _LAST - 1462 * since_1904:
        return f"{serial:g}"
    if kind == "time" or serial < 1:
        minutes, seconds = divmod(round(serial * 86_400), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if serial < 60 else 30)  # 1900 had no 29 Feb
    day = first + timedelta(seconds=round(serial * 86_400))
    return day.strftime("%Y-%m-%d" if serial == int(serial) else "%Y-%m-%d %H:%M")


__all__ = ["date_styles", "kind_of_format", "shown_date"]
