"""The one way a workbook is opened: what each cell holds, its formula and its calculated value side by side.

"Blank", "never calculated" and "a number" are different answers, and a wrong number must never come out of a file, so
the kind of every cell is explicit. Sheets are read when they are first asked for, as a stream: merged ranges, links and
charts are never looked at, and of styles only whether they show a date, so odd ones cannot do harm. Numbers are the
exact doubles of the file.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Dict, ItemsView, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union, cast

from openpyxl.formula.translate import Translator

from ..address import Area, cell_name, fold, parse_address, quote_title
from ..errors import WorkbookError
from ..waiting import Advance, nothing
from .cell_store import CellStore, Position
from .dates import shown_date
from .package import MAX_TEXT, Package
from .safety import PathLike
from .sheet_cells import RawCell, scan_cells
from .xml_events import XmlError, XmlLimit

Value = Union[None, float, str, bool]

MAX_CELLS = 5_000_000  # in all sheets that are read; each takes some 300 bytes of memory and 8 microseconds

_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
_ESCAPED = re.compile("_x([0-9A-CE-Fa-ce-f][0-9A-Fa-f]{3})_")  # how the format writes characters that XML cannot
_INFINITY = float("inf")
_WRITTEN_AS_TEXT = {"nan": float("nan"), "inf": _INFINITY, "+inf": _INFINITY, "-inf": -_INFINITY}
_NOTHING = (None, "blank")


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
    kind: str  # "blank", "number", "date", "text", "boolean", "error" or "not calculated"
    row: int = 0
    column: int = 0
    source: Union[None, str, SharedFormula] = None
    date: str = ""  # how a date is shown; its value is the number that the cell holds

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
        if self.kind == "date":
            stored = f" (stored as {self.value:.12g})" if isinstance(self.value, float) else ""
            return f"holds the date {self.date}{stored}"
        if self.kind == "error" and not str(self.value).startswith("#"):
            return f"holds {str(self.value):.80}, which no spreadsheet program can read"
        noun = {"number": "the number", "text": "the text", "boolean": "the truth value", "error": "the error"}
        shown = {"boolean": str(self.value).upper(), "error": str(self.value)}.get(self.kind, repr(self.value))
        return f"holds {noun[self.kind]} {cut(shown)}"

    @property
    def seen(self) -> Value:
        """What a person sees in the cell: its value, but of a date the day."""
        return self.date if self.kind == "date" else self.value


BLANK = Cell(None, "blank")


class Sheet(Mapping[Position, Cell]):
    """The cells of one sheet by (row, column). A position that holds nothing gives BLANK; iteration skips those."""

    def __init__(self, title: str, cells: Union[CellStore, Dict[Position, Cell]]) -> None:
        self.title = title
        self._cells = cells

    def __getitem__(self, position: Position) -> Cell:
        found = self._cells.get(position)
        return BLANK if found is None else found if isinstance(found, Cell) else Cell._make(found)

    def __iter__(self) -> Iterator[Position]:
        return iter(self._cells)

    def items(self) -> ItemsView[Position, Cell]:
        return _Cells(self)

    def __len__(self) -> int:
        return len(self._cells)

    def __contains__(self, position: object) -> bool:
        return isinstance(position, tuple) and position in self._cells


class _Cells(ItemsView[Position, Cell]):
    """Of a sheet, in order: none has to be looked for by its place."""

    _mapping: Sheet

    def __iter__(self) -> Iterator[Tuple[Position, Cell]]:
        for position, found in self._mapping._cells.items():
            yield position, found if isinstance(found, Cell) else Cell._make(found)


class Counted:
    """A stream that tells how much was read of it."""

    def __init__(self, stream: BinaryIO, advance: Advance) -> None:
        self.stream, self.advance = stream, advance

    def read(self, most: int = -1) -> bytes:
        found = self.stream.read(most)
        self.advance(len(found))
        return found


class Book(Mapping[str, Sheet]):
    """An open workbook: its sheets by title, without regard to case, as spreadsheet programs find them."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.path = package.path
        self._titles = {fold(title): title for title in package.sheets}
        self._sheets: Dict[str, Sheet] = {}
        self._texts: Optional[List[str]] = None
        self._dates: Dict[str, str] = {}
        self._cells = self._characters = 0  # of the sheets read so far
        self.advance: Advance = nothing  # is told how many bytes of a sheet were read

    def __getitem__(self, title: str) -> Sheet:
        exact = self._titles.get(fold(title))
        if exact is None:
            raise WorkbookError(f"{self.path} has no sheet {title!r:.60}: it has {', '.join(self._shown_titles())}")
        if exact not in self._sheets:
            self._sheets[exact] = self._read_sheet(exact)
        return self._sheets[exact]

    def __iter__(self) -> Iterator[str]:
        return iter(self._titles.values())

    def __len__(self) -> int:
        return len(self._titles)

    def __contains__(self, title: object) -> bool:
        return isinstance(title, str) and fold(title) in self._titles

    def block(self, address: Union[str, Area]) -> Area:
        """The block an address means, with its sheet's exact title. The only sheet may go unnamed."""
        block = address if isinstance(address, Area) else parse_address(address)
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

    @property
    def unpacked(self) -> int:
        """Bytes of all its sheets."""
        return sum(self.package.archive.getinfo(part).file_size for part in self.package.sheets.values())

    def _shown_titles(self) -> List[str]:
        titles = [cut(repr(title), 40) for title in self]
        return titles if len(titles) <= 8 else [*titles[:8], f"and {len(titles) - 8} more"]

    def _read_sheet(self, title: str) -> Sheet:
        if self._texts is None:
            self._texts, self._dates = self.package.shared_texts(), self.package.date_styles()
        texts, dates, since_1904 = self._texts, self._dates, self.package.since_1904
        cells = CellStore()
        shared: Dict[str, SharedFormula] = {}
        arrays: List[Tuple[Area, str]] = []
        room = MAX_CELLS - self._cells
        characters = self._characters

        def on_cell(raw: RawCell) -> None:
            nonlocal characters
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
                elif kind == "dataTable":
                    source = f"=TABLE({attributes.get('r1', '')},{attributes.get('r2', '')})"
                characters += len(raw.formula)
            value, kind_of_cell = _value(raw, texts)
            if kind_of_cell == "blank":
                if source is None:
                    return
                kind_of_cell = "not calculated"
            date = ""
            if raw.style in dates and kind_of_cell == "number":
                kind_of_cell, date = "date", shown_date(float(value or 0), dates[raw.style], since_1904)
            elif kind_of_cell == "date":
                date = str(value)
            if raw.text is not None and raw.type != "s":
                characters += len(raw.text)
            if len(cells) >= room:
                raise XmlLimit(f"it has more than {MAX_CELLS:,} cells, with those of other sheets")
            if characters > MAX_TEXT:
                raise XmlLimit(f"its texts and formulas have more than {MAX_TEXT:,} characters")
            cells.add(raw.row, raw.column, value, kind_of_cell, source, date)

        try:
            with self.package.open(self.package.sheets[title]) as stream:
                scan_cells(cast(BinaryIO, Counted(stream, self.advance)), on_cell, self.package.budget)
            if sum(block.shape[0] * block.shape[1] for block, _ in arrays) > MAX_CELLS:
                raise XmlLimit(f"it has array formulas over more than {MAX_CELLS:,} cells")
        except ValueError as error:
            raise self.package.trouble(f"sheet {title!r:.60}", error) from error
        cells.finish()
        self._cells, self._characters = self._cells + len(cells), characters
        for block, formula in arrays:  # the other cells of an array formula hold its results, not constants
            for position in block.cells():
                cells.set_source(position, formula)
        return Sheet(title, cells)


def cut(text: str, length: int = 80) -> str:
    """The beginning of a long text, for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def open_workbook(path: PathLike) -> Book:
    """Open the .xlsx workbook at `path` for reading, after the checks of safety.py. Raises WorkbookError."""
    return Book(Package(path))


def _value(raw: RawCell, texts: List[str]) -> Tuple[Value, str]:
    """The value of a cell and its kind; ("blank") also for an empty text that no formula made."""
    text, kind = raw.text, raw.type
    if text is None:
        return _NOTHING
    if kind == "n":
        if not text or text.isspace():
            return _NOTHING
        try:
            if "_" in text or not text.isascii():  # float() would take 1_0 for 10, and digits of other scripts
                raise ValueError
            number = float(text)
            if abs(number) == _INFINITY and "n" not in text.lower():  # 1e400, which is no double
                raise ValueError
            return number, "number"
        except ValueError:
            return _one_line(text), "error"
    if kind == "b":
        word = text.strip()
        return (_BOOLEANS[word], "boolean") if word in _BOOLEANS else (_one_line(text), "error") if word else _NOTHING
    if kind == "e":
        return _one_line(text), "error"
    if kind == "d":
        return (_one_line(text.strip()), "date") if text.strip() else _NOTHING
    if kind == "s":
        if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) < len(texts)):
            raise XmlError(f"{cell_name(raw.row, raw.column)} refers to the text {text!r:.40} of {len(texts)} texts")
        text = texts[int(text)]
    elif kind not in ("str", "inlineStr"):
        return f"{_one_line(text)} (a cell of the type {kind})", "error"
    if not text and raw.formula is None:
        return _NOTHING
    return _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text), "text"


def _one_line(text: str) -> str:
    return text if text.isprintable() else ascii(text)


__all__ = ["BLANK", "Book", "Cell", "Sheet", "Value", "open_workbook"]
