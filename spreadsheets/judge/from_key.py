"""Whether a formula that a person put into a blank takes its number from the key instead of computing it.

A formula may refer to what is given, to the white numbers, and to cells of the person's own, which are followed. It may
not reach a key, the framework's values or the sheet Check, nor hide what it refers to.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Set, Tuple

from openpyxl.formula import Tokenizer

from ..address import MAX_COLUMN, MAX_ROW, Area, column_number, fold, parse_address, quote_title
from ..read.places import Carried

HIDING = {"INDIRECT", "OFFSET", "EVALUATE", "TABLE"}  # what they read is not written in the formula
LONGEST = 8_192  # characters of a formula
MAX_STEPS = 2_000_000  # cells and references that are followed, for all blanks together

_LINES = re.compile(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})|\$?([0-9]{1,7}):\$?([0-9]{1,7})")

Position = Tuple[str, int, int]  # sheet, row, column


class Unclear(Exception):
    """What a formula refers to cannot be told."""


class KeyFinder:
    """For one workbook. Cells that were followed once and lead to no key are not followed again."""

    def __init__(self, book: Any, carried: Carried) -> None:
        self.book = book
        self.keys: Dict[str, List[Tuple[Area, str]]] = {}
        self.allowed: Dict[str, List[Area]] = {}
        for places in carried.places.values():
            for name, block in places.blocks():
                if name == "framework" or places.hidden and name == "live":
                    what = "the key" if name == "live" else "the framework's values"
                    self.keys.setdefault(block.sheet, []).append((_area(block), what))
                elif block.size:
                    self.allowed.setdefault(block.sheet, []).append(_area(block))
        ours = {places.sheet for places in carried.places.values()}
        self.unclear = ours if carried.helpers is None else set()  # where white cells cannot be told from others
        for block, hidden in carried.helpers or ():
            if hidden:
                self.keys.setdefault(block.sheet, []).append((_area(block), "the key"))
            else:
                self.allowed.setdefault(block.sheet, []).append(_area(block))
        if "Check" in book:
            check = book["Check"].title
            self.keys[check] = [(Area(check, 1, 1, MAX_ROW, MAX_COLUMN), "the sheet Check")]
        self.seen: Set[Position] = set()
        self.steps = MAX_STEPS

    def reached(self, sheet: str, row: int, column: int) -> str:
        """What a formula at this place reads that it may not, as `'2 h'!J11, the key`; "" where nothing."""
        found = ""
        waiting: List[Position] = [(sheet, row, column)]
        followed = set(waiting)
        try:
            while waiting and not found:
                title, row, column = waiting.pop()
                for area in self._areas(self.book[title][row, column].formula or "=", title):
                    found = self._key(area)
                    if found:
                        break
                    new = [cell for cell in self._formulas(area) if cell not in followed and cell not in self.seen]
                    waiting += new
                    followed.update(new)
        except Unclear as error:
            found = str(error)
        if not found:
            self.seen |= followed
        return found

    def _spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise Unclear("more cells than can be followed")

    def _key(self, area: Area) -> str:
        for key, what in self.keys.get(str(area.sheet), []):
            self._spend()
            if _overlap(area, key):
                return f"{area}, {what}"
        return ""

    def _formulas(self, area: Area) -> Iterator[Position]:
        """The cells of an area with formulas of the person's own."""
        title = str(area.sheet)
        allowed = self.allowed.get(title, [])
        if title in self.unclear or any(_inside(area, block) for block in allowed):
            return
        cells, rows, columns = self.book[title], *area.shape
        inside = area.cells() if rows * columns <= len(cells) else (p for p in cells if _overlap(area, _one(title, *p)))
        self._spend(min(rows * columns, len(cells)))
        for row, column in inside:
            if cells[row, column].has_formula:
                self._spend()
                here = _one(title, row, column)
                if not any(_inside(here, block) for block in allowed):
                    yield title, row, column

    def _areas(self, formula: str, sheet: str, depth: int = 0) -> Iterator[Area]:
        """The areas that a formula on a sheet refers to, names looked up."""
        self._spend(1 + len(formula) // 100)
        if len(formula) > LONGEST or formula == "=" or depth > 20:
            raise Unclear("something that verify cannot follow")
        try:
            tokens = Tokenizer(formula).items
        except Exception:  # of a formula that is none
            raise Unclear("something that verify cannot follow") from None
        for token in tokens:
            if token.type == "FUNC" and token.subtype == "OPEN":
                function = token.value[:-1].upper().replace("_XLFN.", "")
                if function in HIDING or ":" in function:
                    raise Unclear(f"{function.split(':')[-1]}(), which hides what it refers to")
                yield from self._named(function, sheet, depth)
            elif token.type == "OPERAND" and token.subtype == "RANGE":
                yield from self._operand(token.value.lstrip("@"), sheet, depth)

    def _operand(self, text: str, sheet: str, depth: int) -> Iterator[Area]:
        title, mark, corners = text.rpartition("!")
        if "#REF" in text.upper():
            return
        if "[" in text or text.startswith(":"):
            raise Unclear(f"{text:.60}, which verify cannot follow")
        lines = _LINES.fullmatch(corners)
        area = None
        if lines:
            left, right, top, bottom = lines.groups()
            across = sorted((column_number(left), column_number(right))) if left else [1, MAX_COLUMN]
            down = sorted((int(top), int(bottom))) if top else [1, MAX_ROW]
            area = Area(parse_address(f"{title}!A1").sheet if mark else None, down[0], across[0], down[1], across[1])
        else:
            try:
                area = parse_address(text)
            except ValueError:
                if ":" in text:
                    raise Unclear(f"{text:.60}, which verify cannot follow") from None
                yield from self._named(corners, sheet, depth)
                return
        if area.sheet is not None and area.sheet not in self.book:
            raise Unclear(f"{quote_title(area.sheet)}, which is no sheet of this workbook")
        yield area._replace(sheet=self.book[area.sheet or sheet].title)

    def _named(self, name: str, sheet: str, depth: int) -> Iterator[Area]:
        for text in self.book.package.names.get(fold(name), []):
            yield from self._areas(f"={text}", sheet, depth + 1)


def _area(block: Any) -> Area:
    """A tensor's block as a rectangle of cells."""
    return Area(block.sheet, block.row, block.column, block.row + block.height - 1, block.column + block.width - 1)


def _one(sheet: str, row: int, column: int) -> Area:
    return Area(sheet, row, column, row, column)


def _overlap(a: Area, b: Area) -> bool:
    return a.top <= b.bottom and b.top <= a.bottom and a.left <= b.right and b.left <= a.right


def _inside(a: Area, b: Area) -> bool:
    return b.top <= a.top and a.bottom <= b.bottom and b.left <= a.left and a.right <= b.right


__all__ = ["KeyFinder"]
