"""What stands on a sheet, and how it looks: plain values that are complete before anything is written.

A sheet is made of elements, each of which gives its cells row by row: texts, the numbers or formulas of a block, the
indices around it. So a sheet can be written from top to bottom without its cells ever being in memory together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ..layout import Block, Index, column, slice_label
from .picture import Picture


class Live(str):
    """The text of a formula, without its leading "="."""


class Link(NamedTuple):
    """Where a text leads to: a cell of another sheet."""

    sheet: str
    cell: str = "A1"


Content = Union[None, str, int, float, Live]  # None: a cell with nothing but its looks


class Spot(NamedTuple):
    """One cell of a row."""

    column: int
    content: Content
    style: str
    number_format: Optional[str] = None
    link: Optional[Link] = None


class Element:
    """Something that has cells in the rows from `top` to `bottom`."""

    top: int
    bottom: int

    def row(self, number: int) -> Iterator[Spot]:
        """Its cells in one row."""
        raise NotImplementedError


class Texts(Element):
    """Single cells: titles, captions, links, a formula here and there. A later one replaces an earlier one."""

    def __init__(self) -> None:
        self.rows: Dict[int, Dict[int, Spot]] = {}

    def put(self, row: int, spot: Spot) -> None:
        self.rows.setdefault(row, {})[spot.column] = spot

    @property
    def top(self) -> int:  # type: ignore[override]
        return min(self.rows, default=1)

    @property
    def bottom(self) -> int:  # type: ignore[override]
        return max(self.rows, default=0)

    def row(self, number: int) -> Iterator[Spot]:
        return iter(self.rows.get(number, {}).values())


@dataclass(frozen=True)
class Cells(Element):
    """The numbers or the formulas of a block, or of those cells of it that `only` chooses."""

    block: Block
    content: Callable[[Index], Content]
    style: str
    number_format: Optional[str] = None
    only: Optional[Callable[[Index], bool]] = None

    @property
    def top(self) -> int:  # type: ignore[override]
        return self.block.row

    @property
    def bottom(self) -> int:  # type: ignore[override]
        return self.block.row + self.block.height - 1 if self.block.size else 0

    def row(self, number: int) -> Iterator[Spot]:
        for index, place in self.block.row_cells(number):
            if self.only is None or self.only(index):
                yield Spot(place, self.content(index), self.style, self.number_format)


@dataclass(frozen=True)
class Labels(Element):
    """The indices around a block: over its columns, beside its rows, and over each slice."""

    block: Block

    @property
    def top(self) -> int:  # type: ignore[override]
        return self.block.anchor[0] if self.block.shape and self.block.size else self.block.row

    @property
    def bottom(self) -> int:  # type: ignore[override]
        return self.block.row + self.block.height - 1 if self.block.size else self.block.row

    def row(self, number: int) -> Iterator[Spot]:
        block, shape = self.block, self.block.shape
        if not block.size:
            yield Spot(block.column, "(empty)", "note")
            return
        if shape and number == block.anchor[0]:
            for j in range(shape[-1]):
                yield Spot(block.column + j, str(j), "index")
        if len(shape) > 2:
            lead, below = block.slice_at(number + 1)
            if below == 0:
                yield Spot(block.column - 1, slice_label(lead), "row_index")
        if len(shape) > 1:
            _, line = block.slice_at(number)
            if 0 <= line < block.lines:
                yield Spot(block.column - 1, str(line), "row_index")


@dataclass(frozen=True)
class Colour:
    """The look of cells while a formula holds, whose references are those of the first cell."""

    cells: str
    formula: str
    look: str  # "right", "wrong", "open", "changed" or "empty"
    stop: bool = False


@dataclass(frozen=True)
class Prompt:
    """What a spreadsheet program says when someone enters these cells, and when no number is typed."""

    cells: Tuple[str, ...]
    title: str
    text: str


@dataclass(frozen=True)
class Paper:
    """A4, upright or across."""

    landscape: bool
    scale: int  # percent
    height: float  # points of rows on one page, before scaling


@dataclass(frozen=True)
class PlannedSheet:
    """One sheet, as it will be written."""

    title: str
    elements: Tuple[Element, ...]
    overflow: Overflow
    widths: Mapping[int, float] = field(default_factory=dict)
    heights: Mapping[int, float] = field(default_factory=dict)
    hidden_columns: Sequence[int] = ()
    merged: Tuple[str, ...] = ()
    colours: Tuple[Colour, ...] = ()
    prompts: Tuple[Prompt, ...] = ()
    freeze: str = ""
    repeated_rows: str = ""
    hidden: bool = False
    paper: Optional[Paper] = None  # how it is printed; None: across, as wide as one page
    breaks: Sequence[int] = ()  # rows after which a printed page ends
    footer: Tuple[str, str, str] = ("", "", "")
    folded: Sequence[int] = ()  # rows that are shown when the + beside the row above them is pressed
    protected: bool = True
    charts: Tuple[Chart, ...] = ()
    picture: Optional[Tuple[Picture, int]] = None  # with the row of its upper edge

    @property
    def cells(self) -> int:
        """How many numbers and formulas it has in blocks."""
        return sum(element.block.size for element in self.elements if isinstance(element, Cells))


@dataclass(frozen=True)
class Chart:
    """Lines over the numbers of a column, from row `top` to row `bottom`; `lines` are columns whose name stands above
    `top`."""

    title: str
    x: int
    lines: Sequence[int]
    top: int
    bottom: int
    anchor: str  # the cell of its corner


class Overflow:
    """The cells to the right of all blocks in the row that is being written, for parts of sums that are too long for
    one cell."""

    def __init__(self) -> None:
        self.column = 0  # the first one; set when all blocks have their places
        self.row = 0
        self.spots: List[Spot] = []

    def start(self, row: int) -> None:
        self.row, self.spots = row, []

    def put(self, formula: str) -> str:
        """One more cell with a formula; its address."""
        if not self.spots:
            self.spots.append(Spot(self.column, "parts of sums that are too long for one cell:", "note"))
        place = self.column + len(self.spots)
        self.spots.append(Spot(place, Live(formula), "helper", "0.000000"))
        return f"{column(place)}{self.row}"


@dataclass(frozen=True)
class Plan:
    """A workbook before it is written: its sheets, and where each array of the graph stands on them."""

    sheets: Tuple[PlannedSheet, ...]
    sections: Mapping[Any, Any]  # Key -> Section
    operations: int
    formulas: int
    left_out: Tuple[str, ...]


__all__ = [
    "Cells", "Colour", "Content", "Element", "Labels", "Link", "Live", "Overflow", "Plan", "PlannedSheet", "Prompt",
    "Spot", "Texts",
]  # fmt: skip
