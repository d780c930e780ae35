"""One sheet while it is planned: titles, links and labelled blocks, from top to bottom.

A page has a grid of equally wide slots side by side, each a column of labels followed by columns of numbers, so that
the live formulas, the framework's values and the differences of all its blocks stand under one another.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ..formulas.limits import checked
from ..layout import MAX_COLUMNS, MAX_ROWS, Block, Index
from .picture import Picture
from .sheet import (
    Cells,
    Chart,
    Colour,
    Content,
    Element,
    Labels,
    Link,
    Live,
    Overflow,
    Paper,
    PlannedSheet,
    Prompt,
    Spot,
    Texts,
)

LABELS, NUMBERS = 11.0, 12.0  # column widths, in characters
NUMBER, INTEGER, TINY, DIFFERENCE = "0.000000", "0", "0.000000E+00", '0.0E+00;"undecided";0'
HELPER = "[=0]0;[=1]1;0.000000"


def target(sheet: str, cell: str = "A1") -> str:
    """The place of a cell as links and formulas write it."""
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{cell}"


def number_format(values: Sequence[Any], dtype: str) -> str:
    """Six decimals, or an exponent where the block's numbers are all tiny or some are huge."""
    if dtype in ("int64", "bool"):
        return INTEGER
    sizes = [abs(v) for v in values if v == v and abs(v) != float("inf") and v != 0]
    return TINY if sizes and (max(sizes) < 1e-3 or max(sizes) >= 1e7) else NUMBER


class Page:
    """A sheet with a cursor, `row`. `grid` is the width of the widest block that has several slots."""

    def __init__(self, title: str, grid: int = 1, hidden: bool = False) -> None:
        self.title, self.grid, self.hidden = title, grid, hidden
        self.row = 1
        self.texts = Texts()
        self.elements: List[Element] = [self.texts]
        self.overflow = Overflow()
        self.widths: Dict[int, float] = {}
        self.heights: Dict[int, float] = {}
        self.hidden_columns: Sequence[int] = ()
        self.merged: List[str] = []
        self.colours: List[Colour] = []
        self.prompts: List[Prompt] = []
        self.freeze = self.repeated_rows = ""
        self.paper: Optional[Paper] = None
        self.breaks: Sequence[int] = ()
        self.footer = ("", "", "")
        self.folded: Sequence[int] = ()
        self.protected = True
        self.charts: List[Chart] = []
        self.picture: Optional[Tuple[Picture, int]] = None
        self.widest = 0

    # --- single cells -----------------------------------------------------------------------------------------------
    def put(self, row: int, col: int, value: Any, style: str, number_format: Optional[str] = None) -> None:
        """One cell. Text that starts with "=" is a formula."""
        if isinstance(value, str) and value.startswith("="):
            value = Live(checked(value[1:]))
        self.texts.put(row, Spot(col, value, style, number_format))

    def text(self, row: int, col: int, value: str, style: str = "text") -> None:
        """One cell of text, which never becomes a formula."""
        self.texts.put(row, Spot(col, str(value), style))

    def line(self, value: str, style: str = "text") -> None:
        self.text(self.row, 1, value, style)
        self.row += 1

    def heading(self, value: str, columns: int) -> None:
        """A line of text, ruled over `columns` columns."""
        for col in range(2, columns + 1):
            self.text(self.row, col, "", "heading")
        self.text(self.row, 1, value, "heading")
        self.row += 1

    def link(self, row: int, col: int, text: str, sheet: str, cell: str = "A1", style: str = "link") -> None:
        """A cell of text that leads to a cell of another sheet."""
        self.texts.put(row, Spot(col, text, style, None, Link(sheet, cell)))

    def links(self, label: str, links: Sequence[Tuple[str, str]]) -> None:
        """A label and links to sheets beside it; many of them go on over several lines."""
        self.text(self.row, 1, label, "caption")
        col = 2
        for text, sheet in links:
            columns = 1 + len(text) // 12  # that the text covers
            if col > 2 and col + columns > 10:
                self.row, col = self.row + 1, 2
            self.link(self.row, col, text, sheet)
            col += columns
        self.row += 1

    # --- blocks -----------------------------------------------------------------------------------------------------
    def slot(self, number: int) -> int:
        """The first column of numbers of a slot."""
        return 2 + number * (self.grid + 1)

    def block(self, shape: Tuple[int, ...], slot: int) -> Block:
        """Where a block of that shape lies if it is written now, below the row of its column indices."""
        return Block(self.title, self.row + (len(shape) > 0) + (len(shape) > 2), self.slot(slot), tuple(shape))

    def past(self, block: Block) -> None:
        """Move the cursor below a block."""
        if block.row + block.height > MAX_ROWS or block.column + block.width > MAX_COLUMNS:
            raise ValueError(f"{self.title}: a tensor of shape {block.shape} does not fit on a sheet; lower max_cells")
        self.row = max(self.row, block.row + block.height + 1)

    def labels(self, block: Block) -> None:
        """Indices over the columns, beside the rows, and over each slice."""
        self.elements.append(Labels(block))
        if block.size:
            self.widest = max(self.widest, block.column + block.width - 1)

    def numbers(self, block: Block, values: Sequence[Any], style: str, shown: str) -> None:
        """The numbers of a tensor, row by row, exactly."""
        self.elements.append(Cells(block, lambda index: values[block.position(index)], style, shown))

    def formulas(
        self,
        block: Block,
        formula: Callable[[Index], str],
        style: str,
        shown: str,
        only: Optional[Callable[[Index], bool]] = None,
    ) -> None:
        """A formula (without its "=") for every number, or for those that `only` chooses."""
        self.elements.append(Cells(block, lambda index: Live(checked(formula(index))), style, shown, only))

    def blanks(self, block: Block, style: str, shown: str) -> None:
        """Empty cells, to be filled in."""
        self.elements.append(Cells(block, _nothing, style, shown))

    # --- the end ----------------------------------------------------------------------------------------------------
    def finish(self, slots: int, freeze: str = "") -> None:
        """Column widths, and what stays in view."""
        for col in range(1, self.widest + 2):
            is_label = slots > 0 and (col - 1) % (self.grid + 1) == 0 and (col - 1) // (self.grid + 1) < slots
            self.widths[col] = LABELS if is_label else NUMBERS
        self.freeze = freeze

    def sheet(self) -> PlannedSheet:
        """The finished sheet."""
        blocks = [element.block for element in self.elements if isinstance(element, (Cells, Labels))]
        right = max((block.column + block.width for block in blocks), default=1)
        self.overflow.column = max(self.slot(3), right) + 1
        return PlannedSheet(
            self.title,
            tuple(self.elements),
            self.overflow,
            self.widths,
            self.heights,
            self.hidden_columns,
            tuple(self.merged),
            tuple(self.colours),
            tuple(self.prompts),
            self.freeze,
            self.repeated_rows,
            self.hidden,
            self.paper,
            tuple(self.breaks),
            self.footer,
            tuple(self.folded),
            self.protected,
            tuple(self.charts),
            self.picture,
        )


def _nothing(index: Index) -> Content:
    return None


__all__ = [
    "DIFFERENCE",
    "HELPER",
    "INTEGER",
    "NUMBER",
    "TINY",
    "Page",
    "number_format",
    "target",
]
