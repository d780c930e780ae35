"""The block that belongs to a label: to the right of the text, or under it."""

from __future__ import annotations

from typing import Iterator, List, Optional, Tuple

from ..address import cell_name, quote_title
from ..errors import WorkbookError
from ..read.workbook import Book, Sheet

Position = Tuple[int, int]
SHOWN = 6


def find(book: Book, label: str, sheet: Optional[str], nth: Optional[int]) -> str:
    """The address of the block of the `nth` cell (from 1) with this text; None: of the only one. A colon or an equals
    sign behind the label, and spaces around it, do not count.

    Raises WorkbookError where there is no such text, none with numbers beside it, or several.
    """
    wanted = label.strip().rstrip(":=").strip()
    titles = [book[sheet].title] if sheet is not None else list(book)
    places = [(title, place) for title in titles for place in labelled(book[title], wanted)]
    blocks = [(title, place, block_of(book[title], place)) for title, place in places]
    found = [(title, place, block) for title, place, block in blocks if block is not None]
    shown = ", ".join(f"{quote_title(title)}!{cell_name(*place)}" for title, place, *_ in (found or places)[:SHOWN])
    if not places:
        raise WorkbookError(f"{book.path}: no cell holds the text {label!r:.60}")
    if not found:
        raise WorkbookError(f"{book.path}: there are no numbers to the right of {shown} or under it")
    if nth is None and len(found) > 1:
        raise WorkbookError(
            f"{book.path}: {label!r:.60} stands in {len(found)} cells with numbers: {shown}; say sheet=, or which one "
            "with nth=1, 2, …"
        )
    if nth is not None and not 1 <= nth <= len(found):
        raise WorkbookError(f"{book.path}: {label!r:.60} stands in {len(found)} cells with numbers, {shown}: not {nth}")
    title, _, block = found[(nth or 1) - 1]
    return f"{quote_title(title)}!{block}"


def labelled(cells: Sheet, wanted: str) -> Iterator[Position]:
    """The cells with a text, from top to bottom."""
    for position in sorted(cells):
        cell = cells[position]
        if cell.kind == "text" and str(cell.value).strip().rstrip(":=").strip() == wanted:
            yield position


def block_of(cells: Sheet, label: Position) -> Optional[str]:
    """The rectangle of numbers that starts right of a label, or under it."""
    row, column = label
    for start in ((row, column + 1), (row + 1, column)):
        if is_number(cells, start):
            return _grown(cells, start)
    return None


def _grown(cells: Sheet, start: Position) -> str:
    top, left = start
    right = left
    while is_number(cells, (top, right + 1)):
        right += 1
    bottom = top
    while all(is_number(cells, (bottom + 1, column)) for column in range(left, right + 1)):
        bottom += 1
    corners: List[str] = [cell_name(top, left), cell_name(bottom, right)]
    return ":".join(dict.fromkeys(corners))


def is_number(cells: Sheet, position: Position) -> bool:
    cell = cells[position]
    return cell.kind == "number" or cell.kind == "not calculated"
