"""How wide a text is in the workbook's font, Arial, so that a column can be made for it.

Widths are in pixels at 96 dots an inch: what one counts a column's width in is 7 of them, after the first 5.
"""

from __future__ import annotations

from typing import List

UNIT, EDGE = 7, 5  # pixels of a column: of one unit of its width, and beside that
INDENT = 15  # of a name that stands on the right of its cell, one step away from the edge
NUMBER_EDGE = 7  # kept free beside a number; one that is wider than the rest is shown as ###

_NARROW, _WIDE, _CAPITALS = set("iljtfrI.,:;|'!()[]/- ₁₂₃₄₅₆₇₈₉₀"), set("mwMW%@√∂"), set("ABCDEFGHKLNOPQRSTUVXYZΣ")


def pixels(text: str, points: float = 10.0, bold: bool = False) -> float:
    """Of a text; a little more than it takes."""
    ems = sum(0.34 if c in _NARROW else 0.85 if c in _WIDE else 0.7 if c in _CAPITALS else 0.56 for c in text)
    return ems * points * 96 / 72 * (1.08 if bold else 1.0)


def column_width(inside: float) -> float:
    """The width of a column that has so many pixels inside."""
    return (inside - EDGE) / UNIT


def column_pixels(width: float) -> float:
    return width * UNIT + EDGE


def wrapped(text: str, room: float) -> List[str]:
    """The text in lines of at most so many pixels; a word that is longer has a line of its own."""
    lines: List[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        lines[-1:] = [longer] if not lines or pixels(longer) <= room else [lines[-1], word]
    return lines


__all__ = ["EDGE", "INDENT", "NUMBER_EDGE", "UNIT", "column_pixels", "column_width", "pixels", "wrapped"]
