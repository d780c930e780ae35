"""Addresses of cells and blocks: `Sheet1!B2:D4`, `'My sheet'!$B$2`, `C3`.

A block is rows x columns of one sheet; rows and columns count from 1, as spreadsheet programs show them.
"""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple, Optional, Tuple

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384

_CORNER = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_PLAIN_TITLE = re.compile(r"[^\W\d][\w.]*")
_LOOKS_LIKE_A_CELL = re.compile(
    r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*([Cc][0-9]*)?|[Cc][0-9]*|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]"
)


class Area(NamedTuple):
    """A rectangle of cells, both corners included. `sheet` is None where the address named none."""

    sheet: Optional[str]
    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> Tuple[int, int]:
        """(rows, columns)"""
        return self.bottom - self.top + 1, self.right - self.left + 1

    def cells(self) -> Iterator[Tuple[int, int]]:
        """(row, column) of every cell, row by row."""
        for row in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield row, column

    def __str__(self) -> str:
        corners = cell_name(self.top, self.left)
        if self.shape != (1, 1):
            corners += ":" + cell_name(self.bottom, self.right)
        return corners if self.sheet is None else f"{quote_title(self.sheet)}!{corners}"


def parse_address(text: str) -> Area:
    """`'My sheet'!$B$2:D4` -> Block("My sheet", 2, 2, 4, 4). A single cell is a block of one.

    The title may be quoted as in a formula (a `'` inside is doubled) or stand as it is. Raises ValueError that says
    what an address looks like.
    """
    if not isinstance(text, str):
        raise TypeError(f"an address is a text such as 'Sheet1!B2:D4', not {type(text).__name__}")
    title, mark, corners = text.strip().rpartition("!")
    sheet = _unquote(title, text) if mark else None
    first, colon, last = corners.partition(":")
    top, left = _corner(first, text)
    bottom, right = _corner(last, text) if colon else (top, left)
    return Area(sheet, min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def cell_name(row: int, column: int) -> str:
    """(4, 2) -> "B4"."""
    return f"{column_letters(column)}{row}"


def column_letters(column: int) -> str:
    """1 -> "A", 27 -> "AA"."""
    letters = ""
    while column > 0:
        column, digit = divmod(column - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_number(letters: str) -> int:
    """ "A" -> 1, "AA" -> 27; 0 for anything that is not one to three letters."""
    if not 1 <= len(letters) <= 3:
        return 0
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            return 0
        number = 26 * number + ord(letter) - 64
    return number


def quote_title(title: str) -> str:
    """A sheet's title as a formula writes it: quoted unless it is a plain word that no one could take for a cell."""
    if _PLAIN_TITLE.fullmatch(title) and not _LOOKS_LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def fold(title: str) -> str:
    """A title as spreadsheet programs compare it: without regard to case, letter by letter, so ß is not ss."""
    return "".join(letter.lower() for letter in title)


def _unquote(title: str, text: str) -> str:
    if len(title) > 1 and title[0] == title[-1] == "'":
        title = title[1:-1].replace("''", "'")
    if not title:
        raise ValueError(f"{text!r} names no sheet before the '!': write it as Sheet1!B2:D4, or leave the '!' out")
    return title


def _corner(corner: str, text: str) -> Tuple[int, int]:
    match = _CORNER.fullmatch(corner.strip())
    if match is None:
        raise ValueError(f"{text!r} is not an address of cells: write it as Sheet1!B2:D4 or Sheet1!B2")
    row, column = int(match.group(2)), column_number(match.group(1))
    if not (1 <= row <= MAX_ROW and column <= MAX_COLUMN):
        raise ValueError(f"{text!r} lies outside a sheet, which ends at XFD1048576")
    return row, column
