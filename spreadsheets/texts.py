"""Texts as a workbook takes them: what a cell shows, and the titles of sheets.

Excel counts in UTF-16 units, of which an emoji has two. What XML cannot hold is written by its code, `_x0007_`, so a
text that looks like such a code has to be written so as well: `_x0041_` stands as `_x005F_x0041_`, or Excel shows "A".
"""

from __future__ import annotations

import re
from typing import Sequence

MOST_IN_A_CELL = 32_767  # UTF-16 units; Excel cuts off the rest without a word
MOST_IN_A_TITLE = 31

_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NOT_AS_IT_IS = re.compile(f"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|{_CODED.pattern}")


def escaped(text: str) -> str:
    """The text as it stands in the file, for cells and links."""
    return _NOT_AS_IT_IS.sub(lambda found: f"_x{ord(found.group()):04X}_", text)


def cell_text(text: str) -> str:
    """`escaped`, and no longer than a cell can be: "…" stands for the rest."""
    return escaped(text if units(text) <= MOST_IN_A_CELL else cut(text, MOST_IN_A_CELL - 1) + "…")


def chart_text(text: str) -> str:
    """A title or label of a chart. Programs differ in whether they take codes there, so none is left: what looks like
    one has a space of no width in it."""
    return _CODED.sub("_\u200b", printable(text)).strip()


def units(text: str) -> int:
    """The length of a text as Excel counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, most: int) -> str:
    """The beginning of a text, at most so many units."""
    text = text[: max(most, 0)]
    while units(text) > most:
        text = text[:-1]
    return text


def shortened(path: str, most: int) -> str:
    """A dotted path without its first parts, where it is too long: `…h.0.attn.c_attn`."""
    while units(path) > most and "." in path:
        path = "…" + path.lstrip("…").partition(".")[2]
    return path


def printable(text: str) -> str:
    """A space for each character that no one could see: controls, line breaks, halves of a pair."""
    return "".join(character if character.isprintable() else " " for character in text)


def sheet_title(text: str, taken: Sequence[str]) -> str:
    r"""`text` as every program takes it for a sheet's title: at most 31 units, none of []:*?/\, unlike all others.

    A "!" goes too, which IronCalc cannot load, and "'", which Gnumeric cannot find again in formulas. What looks like
    the code of a character goes, as LibreOffice takes it for that character.
    """
    clean = re.sub(r"[\[\]:*?/\\!]", "-", printable(text)).replace("'", "’")
    clean = _CODED.sub("-", clean).strip()
    clean = cut(clean, MOST_IN_A_TITLE).strip() or "sheet"
    used = {_folded(title) for title in taken} | {"history"}  # which Excel keeps for itself
    title, n = clean, 2
    while _folded(title) in used:
        suffix = f" ({n})"
        title, n = cut(clean, MOST_IN_A_TITLE - len(suffix)) + suffix, n + 1
    return title


def _folded(title: str) -> str:
    """The same for titles that some program takes for one: ß and ss in IronCalc, ı and i in LibreOffice."""
    return title.upper().casefold()


__all__ = ["cell_text", "chart_text", "cut", "escaped", "printable", "sheet_title", "shortened", "units"]
