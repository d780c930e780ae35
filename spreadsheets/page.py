"""One sheet while it is written: titles, links and labelled blocks, from top to bottom.

A page has a grid of equally wide slots side by side, each a column of labels followed by columns of numbers, so that
the live formulas, the framework's values and the differences of all its blocks stand under one another.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from .formulas.limits import checked
from .layout import MAX_COLUMNS, MAX_ROWS, Block, Index, column, slice_label
from .style import DIFFERENCE, INTEGER, NUMBER, TINY, Styles, write_number
from .texts import cut, escaped

LABELS, NUMBERS = 11.0, 12.0  # column widths, in characters


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
    """A worksheet with a cursor. `grid` is the width of the widest block that has three slots."""

    def __init__(self, sheet: Worksheet, styles: Styles, grid: int) -> None:
        self.sheet, self.styles, self.grid = sheet, styles, grid
        self.title = str(sheet.title)
        self.row = 1
        self._spilled = 0
        self.widest = 0
        sheet.sheet_view.showGridLines = False
        sheet.protection.sheet = True  # without a password: a guard against slips, not a lock
        sheet.protection.formatColumns = False
        sheet.protection.formatCells = False
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.print_options.horizontalCentered = False
        sheet.page_margins.left = sheet.page_margins.right = sheet.page_margins.top = sheet.page_margins.bottom = 0.5

    # --- text -------------------------------------------------------------------------------------------------------
    def put(self, row: int, col: int, value: Any, style: str, number_format: Optional[str] = None) -> Any:
        """One cell. Text that starts with "=" is a formula; numbers are written exactly, infinities as text."""
        cell: Any = self.sheet.cell(row, col)
        cell._style = self.styles.array(style, number_format)
        if isinstance(value, str) and not value.startswith("="):
            return self.text(row, col, value, style, number_format)
        if isinstance(value, str):
            cell._value, cell.data_type = checked(value), "f"
        else:
            write_number(cell, value)
        return cell

    def text(self, row: int, col: int, value: str, style: str = "text", number_format: Optional[str] = None) -> Any:
        """One cell of text."""
        return self.styles.text(self.sheet.cell(row, col), value, style, number_format)

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
        place = Hyperlink(ref=f"{column(col)}{row}", location=target(sheet, cell), display=escaped(cut(text, 200)))
        self.text(row, col, text, style)._hyperlink = place  # the setter would take it for an address outside

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
        shape = block.shape
        if not block.size:
            self.text(block.row, block.column, "(empty)", "note")
            return
        if shape:
            for j in range(shape[-1]):
                self.text(self.row, block.column + j, str(j), "index")
        if len(shape) > 1:
            for index, row, _ in block.cells():
                if index[-1] == 0:
                    self.text(row, block.column - 1, str(index[-2]), "row_index")
                    if len(shape) > 2 and index[-2] == 0:
                        self.text(row - 1, block.column - 1, slice_label(index[:-2]), "row_index")
        self.widest = max(self.widest, block.column + block.width - 1)

    def numbers(self, block: Block, values: Sequence[Any], style: str, shown: str) -> None:
        """The numbers of a tensor, row by row, exactly."""
        array, cell = self.styles.array(style, shown), self.sheet.cell
        for (_, row, col), value in zip(block.cells(), values):
            here: Any = cell(row, col)
            here._style = array
            write_number(here, value)

    def formulas(self, block: Block, formula: Callable[[Index], str], style: str, shown: str) -> None:
        """A formula (without its "=") for every number."""
        array, cell = self.styles.array(style, shown), self.sheet.cell
        for index, row, col in block.cells():
            here: Any = cell(row, col)
            here._style = array
            here._value, here.data_type = "=" + checked(formula(index)), "f"

    def differences(self, block: Block, live: Block, framework: Block) -> None:
        """For every number how far the two are apart: 0 for equal texts, 1E+99 where a number is missing on either
        side.

        One formula per cell: an array formula over a block can miss differences, these cannot.
        """

        def cell(i: Index) -> str:
            a, b = live.address(i), framework.address(i)
            text = f"IF(AND(ISTEXT({a}),EXACT({a},{b})),0,1E+99)"
            return f"IFERROR(IF(AND(ISNUMBER({a}),ISNUMBER({b})),ABS({a}-{b}),{text}),1E+99)"

        self.formulas(block, cell, "difference", DIFFERENCE)

    def spill(self, formula: str, beyond: int) -> str:
        """One more live cell to the right of all blocks: part of a sum that is too long for one cell."""
        rows = 1_000
        col = max(self.slot(3), beyond) + 1 + self._spilled // rows
        row = 2 + self._spilled % rows
        if not self._spilled:
            self.text(1, col, "parts of sums that are too long for one cell", "caption")
        self._spilled += 1
        self.put(row, col, checked(formula), "helper", NUMBER)
        return f"{column(col)}{row}"

    # --- the end ----------------------------------------------------------------------------------------------------
    def finish(self, slots: int, freeze: str = "") -> None:
        """Column widths, and what stays in view."""
        dimensions = self.sheet.column_dimensions
        for col in range(1, self.widest + 2):
            is_label = slots > 0 and (col - 1) % (self.grid + 1) == 0 and (col - 1) // (self.grid + 1) < slots
            dimensions[column(col)].width = LABELS if is_label else NUMBERS
        if freeze:
            self.sheet.freeze_panes = freeze


__all__: List[str] = ["Page", "number_format", "target"]
