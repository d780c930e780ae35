"""The one way a workbook is opened: what each cell holds, its formula and its calculated value side by side.

"Blank", "never calculated" and "a number" are different answers, and a wrong number must never come out of a file, so
the kind of every cell is explicit. Sheets are read when they are first asked for, as a stream: styles, merged ranges,
links and charts are never looked at, so odd ones cannot do harm. Numbers are the exact doubles of the file.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

from openpyxl.formula.translate import Translator

from ..address import Block, cell_name, parse_address, quote_title
from ..errors import WorkbookError
from .package import Package
from .safety import PathLike
from .sheet_cells import RawCell, scan_cells
from .xml_events import XmlError

Value = Union[None, float, str, bool]
Position = Tuple[int, int]  # (row, column), from 1

MAX_CELLS = 4_000_000  # in one sheet; each takes some 300 bytes of memory

_ESCAPED = re.compile("_x([0-9A-CE-Fa-ce-f][0-9A-Fa-f]{3})_")  # how the format writes characters that XML cannot
_WRITTEN_AS_TEXT = {"nan": float("nan"), "inf": float("inf"), "+inf": float("inf"), "-inf": -float("inf")}


class SharedFormula(NamedTuple):
    """A formula written once, at `origin`, and valid for other cells with its references shifted."""

    text: str
    origin: str

    def at(self, row: int, column: int) -> str:
        try:
            return str(Translator(self.text, self.origin).translate_formula(cell_name(row, column)))
        except Exception:  # a formula that cannot be parsed is shown as it was written
            return self.text


class Cell(NamedTuple):
    """What a cell holds: the constant, or what its formula gave when the workbook was last calculated."""

    value: Value
    kind: str  # "blank", "number", "text", "boolean", "error" or "not calculated"
    row: int = 0
    column: int = 0
    source: Union[None, str, SharedFormula] = None

    @property
    def has_formula(self) -> bool:
        return self.source is not None

    @property
    def formula(self) -> Optional[str]:
        """The formula with its leading "=", or None for a constant or a blank."""
        return self.source.at(self.row, self.column) if isinstance(self.source, SharedFormula) else self.source

    @property
    def number(self) -> Optional[float]:
        """The number, also where it is written as the text nan, inf or -inf (a cell has no other way); else None."""
        if self.kind == "number":
            return float(self.value)  # type: ignore[arg-type]
        if self.kind == "text":
            return _WRITTEN_AS_TEXT.get(str(self.value).strip().lower())
        return None

    @property
    def found(self) -> str:
        """What a message says stands here: `is blank`, `holds the text 'x'`."""
        if self.kind == "blank":
            return "is blank"
        if self.kind == "not calculated":
            return "is a formula that was never calculated"
        noun = {"number": "the number", "text": "the text", "boolean": "the truth value", "error": "the error"}[
            self.kind
        ]
        shown = (
            str(self.value).upper()
            if self.kind == "boolean"
            else self.value
            if self.kind == "error"
            else repr(self.value)
        )
        return f"holds {noun} {shown}"


BLANK = Cell(None, "blank")


class Sheet(Mapping[Position, Cell]):
    """The cells of one sheet by (row, column). A position that holds nothing gives BLANK; iteration skips those."""

    def __init__(self, title: str, cells: Dict[Position, Cell]) -> None:
        self.title = title
        self._cells = cells

    def __getitem__(self, position: Position) -> Cell:
        return self._cells.get(position, BLANK)

    def __iter__(self) -> Iterator[Position]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __contains__(self, position: object) -> bool:
        return position in self._cells


class Book(Mapping[str, Sheet]):
    """An open workbook: its sheets by title, without regard to case, as spreadsheet programs find them."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.path = package.path
        self._titles = {title.casefold(): title for title in package.sheets}
        self._sheets: Dict[str, Sheet] = {}
        self._texts: Optional[List[str]] = None

    def __getitem__(self, title: str) -> Sheet:
        exact = self._titles.get(title.casefold())
        if exact is None:
            raise WorkbookError(
                f"{self.path} has no sheet {title!r}: it has {', '.join(map(repr, self._shown_titles()))}"
            )
        if exact not in self._sheets:
            self._sheets[exact] = self._read_sheet(exact)
        return self._sheets[exact]

    def __iter__(self) -> Iterator[str]:
        return iter(self._titles.values())

    def __len__(self) -> int:
        return len(self._titles)

    def __contains__(self, title: object) -> bool:
        return isinstance(title, str) and title.casefold() in self._titles

    def block(self, address: Union[str, Block]) -> Block:
        """The block an address means, with its sheet's exact title. The only sheet may go unnamed."""
        block = address if isinstance(address, Block) else parse_address(address)
        if block.sheet is not None:
            return block._replace(sheet=self[block.sheet].title)
        if len(self) > 1:
            raise WorkbookError(
                f"{self.path} has {len(self)} sheets: say which, as in {quote_title(next(iter(self)))}!{block}"
            )
        return block._replace(sheet=next(iter(self)))

    def cell(self, address: str) -> Cell:
        """The cell at an address such as "Sheet1!B2"."""
        block = self.block(address)
        return self[str(block.sheet)][block.top, block.left]

    def _shown_titles(self) -> List[str]:
        titles = list(self)
        return titles if len(titles) <= 8 else [*titles[:8], f"and {len(titles) - 8} more"]

    def _read_sheet(self, title: str) -> Sheet:
        if self._texts is None:
            self._texts = self.package.shared_texts()
        texts = self._texts
        cells: Dict[Position, Cell] = {}
        shared: Dict[str, SharedFormula] = {}
        arrays: List[Tuple[Block, str]] = []

        def on_cell(raw: RawCell) -> None:
            source: Union[None, str, SharedFormula] = None
            if raw.formula is not None:
                source = "=" + raw.formula
                attributes = raw.formula_attributes
                kind = attributes.get("t")
                if kind == "shared":
                    index = attributes.get("si", "")
                    if raw.formula:
                        shared[index] = SharedFormula(source, cell_name(raw.row, raw.column))
                    else:
                        source = shared.get(index, source)
                elif kind == "array" and ":" in attributes.get("ref", ""):
                    arrays.append((parse_address(attributes["ref"]), source))
            value, kind_of_cell = _value(raw, texts)
            if kind_of_cell == "blank":
                if source is None:
                    return
                kind_of_cell = "not calculated"
            if len(cells) >= MAX_CELLS:
                raise XmlError(f"it has more than {MAX_CELLS} cells, too many to read here")
            cells[raw.row, raw.column] = Cell(value, kind_of_cell, raw.row, raw.column, source)

        try:
            scan_cells(self.package.read(self.package.sheets[title]), on_cell)
        except ValueError as error:
            raise self.package.damage(f"sheet {title!r}: {error}") from error
        if sum(block.shape[0] * block.shape[1] for block, _ in arrays) > MAX_CELLS:
            raise self.package.damage(f"sheet {title!r} has array formulas over more than {MAX_CELLS} cells")
        for block, formula in arrays:  # the other cells of an array formula hold its results, not constants
            for position in block.cells():
                cell = cells.get(position)
                if cell is not None and not cell.has_formula:
                    cells[position] = cell._replace(source=formula)
        return Sheet(title, cells)


def open_workbook(path: PathLike) -> Book:
    """Open the .xlsx workbook at `path` for reading, after the checks of safety.py. Raises WorkbookError."""
    return Book(Package(path))


def _value(raw: RawCell, texts: List[str]) -> Tuple[Value, str]:
    """The value of a cell and its kind; ("blank") also for an empty text that no formula made."""
    text, kind = raw.text, raw.type
    if text is None:
        return (None, "blank")
    if kind == "n":
        if not text or text.isspace():
            return None, "blank"
        try:
            if "_" in text or not text.isascii():  # float() would take 1_0 for 10, and digits of other scripts
                raise ValueError
            return float(text), "number"
        except ValueError:
            return _one_line(text), "error"
    if kind == "s":
        if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) < len(texts)):
            raise XmlError(f"{cell_name(raw.row, raw.column)} refers to the text {text!r} of {len(texts)} texts")
        text = texts[int(text)]
    if kind == "b":
        return text.strip() in ("1", "true"), "boolean"
    if kind == "e":
        return _one_line(text), "error"
    if not text and raw.formula is None:
        return None, "blank"
    return _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text), "text"


def _one_line(text: str) -> str:
    return text if text.isprintable() else ascii(text)


__all__ = ["BLANK", "Book", "Cell", "Sheet", "Value", "open_workbook"]
