"""The number of a cell, and what to do about one that holds none or a wrong one, where that is not plain."""

from __future__ import annotations

from typing import Optional

from ..read.nearly import to_do
from ..read.workbook import Cell
from .hand import rounded_like


def hint(cell: Cell, kind: str, true: float, by_hand: bool) -> str:
    """For a difference of this kind; `by_hand`: the number was typed."""
    if kind in ("not calculated", "date") or kind == "text" and by_hand:
        return to_do(cell)
    typed = cell.number
    if kind == "wrong" and by_hand and typed is not None and abs(typed) < 1e15 and abs(true) < 1e15:
        rounded = rounded_like(true, typed)
        return f"rounded, {rounded}" if len(rounded) <= 12 else ""
    return ""


def number_in(cell: Cell, dtype: str) -> Optional[float]:
    """The number that a cell holds for a tensor of this dtype; TRUE is one only among truth values."""
    return float(cell.value is True) if cell.kind == "boolean" and dtype == "bool" else cell.number
