"""worksheet(root, path): the graph of an export with blanks in it, to be filled in by hand.

A blank turns green when the number in it is right and red when it is not, as you type. The key stands beside the
blanks in hidden columns; it is made of live formulas that refer to each other and to the inputs, never to what was
typed. So a mistake in one blank spoils nothing after it, and with other inputs the sheet is a new exercise.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple, Union

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font

from saitama import __version__
from saitama.tensor.tensor import Tensor

from .book import Book, Section
from .check import all_sections, area, colour, verdict_row
from .export import Exported, check_path, computed, save, write_book
from .formulas import View
from .graph import Graph, Item, Leaf, Node, Run, numbers
from .layout import Block, Index, Shape, column
from .page import Page, number_format
from .style import GREEN, GREEN_INK, RED, RED_INK, YELLOW, fill

HOW_TO_FILL = [
    "Each operation has a sheet of its own. Compute its numbers by hand, and type them into the yellow cells.",
    "A cell turns green when your number is right and red when it is not, rounded to as many decimals as you typed.",
    "Two significant digits are the least. Type more decimals, and you are checked more closely.",
    "White numbers are computed for you from the right values: one mistake spoils nothing that follows.",
    "Change a yellow cell on Inputs, and all is computed anew: the same sheet is a new exercise.",
]
Blanks = Union[None, str, Iterable[str]]


def worksheet(
    root: Tensor,
    path: Union[str, os.PathLike[str]],
    *,
    names: Any = None,
    optimizer: Any = None,
    blanks: Blanks = None,
    max_cells: int = 20_000,
    overwrite: Optional[bool] = None,
) -> Exported:
    """Write the graph behind `root` to an .xlsx workbook with blanks to be filled in by hand.

    blanks: "all" (the default), "forward", "backward", "update", or names of operations, inputs and updates: the value
        and the gradients of such an operation, the gradient of such an input, every line of an "update W1".

    Everything else is as in export(); verify(path) marks what was typed. A worksheet in which somebody has typed is
    replaced with overwrite=True only.
    """
    check_path(path, overwrite, max_cells)
    graph, result = computed(root, names, optimizer)
    book = BlankBook(graph, result, max_cells, *_chosen(graph, blanks))
    what = f"to be filled in by hand; written by saitama {__version__}: {len(graph.nodes)} operations, {graph.dtype}"
    write_book(book, "worksheet", what, HOW_TO_FILL)
    return save(book, Path(path), overwrite)


def _chosen(graph: Graph, blanks: Blanks) -> Tuple[Set[Item], Set[Item]]:
    """The tensors whose value is blank, and those whose gradients are."""
    nodes: Set[Item] = set(graph.nodes)
    leaves: Set[Item] = set(graph.leaves)
    updates: Set[Item] = set(graph.step.updates if graph.step else ())
    if blanks is None or blanks == "all":
        return nodes | updates, nodes | leaves
    if blanks == "update" and updates:
        return updates, set()
    if blanks == "forward":
        return nodes, set()
    if blanks == "backward":
        return set(), nodes | leaves
    wanted = [blanks] if isinstance(blanks, str) else list(blanks)
    if not wanted:
        raise ValueError("blanks: nothing is named, so nothing would be left to fill in; give 'all' or names")
    by_name = {item.name: item for item in [*graph.leaves, *graph.nodes, *updates]}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        known = ", ".join(list(by_name)[:20])
        raise ValueError(
            f"blanks: nothing is called {unknown[0]!r}; there are 'all', 'forward', 'backward', 'update', {known}"
        )
    items = {by_name[name] for name in wanted}
    return items & (nodes | updates), items


class BlankBook(Book):
    """A book whose sections may be blank: the blanks in the first slot, key and marks in hidden ones."""

    def __init__(self, graph: Graph, result: Run, max_cells: int, values: Set[Item], gradients: Set[Item]) -> None:
        super().__init__(graph, result, max_cells)
        self.blank_values, self.blank_gradients = values, gradients

    def is_blank(self, kind: str, of: Item) -> bool:
        return of in (self.blank_values if kind in ("forward", "update") else self.blank_gradients)

    def page(self, title: str, grid: int = 1) -> Page:
        """Wide enough that nothing but the key is in hidden columns."""
        return super().page(title, grid if title == "Inputs" else max(grid, 8))

    def section(
        self, page: Page, kind: str, of: Item, label: str, array: Any, formula: Optional[Callable[[Index], str]]
    ) -> Section:
        blank = formula is not None and self.is_blank(kind, of) and not (kind == "arriving" and of is self.graph.root)
        copied = self.copied(of) if blank and kind == "arriving" else None
        self.captions(
            page,
            [
                "as you typed it"
                if copied
                else "yours"
                if blank
                else "live formula"
                if formula
                else "framework's values (not live)"
            ],
        )
        visible = page.block(array.shape, 0)
        page.labels(visible)
        section = self.fill_in(page, kind, label, array, formula, visible, 1 if blank else 0, blank, copied)
        page.past(visible)
        return section

    input_slots = 2

    def gradient_captions(self, leaf: Leaf) -> List[str]:
        repeats = len(self.consumers(leaf)) == 1 and self.is_blank("contribution", self.consumers(leaf)[0][0])
        whose = "live formula" if not self.is_blank("gradient", leaf) else "as you typed it" if repeats else "yours"
        return [f"d{self.graph.root.name}/d{leaf.name}: {whose}"]

    def leaf_gradient(self, page: Page, leaf: Leaf, row: int, gradient: Any) -> None:
        blank = self.is_blank("gradient", leaf)
        visible = Block(page.title, row, page.slot(1), tuple(leaf.shape))
        label, formula = f"d{self.graph.root.name}/d{leaf.name}", self.sum_of_contributions(leaf, page)
        copied = self.copied(leaf) if blank else None
        self.arriving[leaf] = self.fill_in(
            page, "gradient", label, gradient, formula, visible, 2 if blank else 1, blank, copied
        )

    def copied(self, item: Item) -> Optional[Section]:
        """The filled-in block that a gradient merely repeats, where only one operation hands one on."""
        parts = self.consumers(item)
        section = self.contributions.get(parts[0]) if len(parts) == 1 else None
        return section if section is not None and section.typed is not None else None

    def fill_in(
        self,
        page: Page,
        kind: str,
        label: str,
        array: Any,
        formula: Optional[Callable[[Index], str]],
        visible: Block,
        key_slot: int,
        blank: bool,
        copied: Optional[Section],
    ) -> Section:
        """Write the cells of a section and, where it is blank, its key and its marks."""
        values = numbers(array)
        shown = number_format(values, array.dtype)
        live = Block(page.title, visible.row, page.slot(key_slot), tuple(array.shape))
        section = Section(
            kind,
            label,
            page,
            array.shape,
            array.dtype,
            values,
            live,
            pinned=formula is None,
            hidden=blank,
            shown=visible,
        )
        if formula is None:
            page.numbers(live, values, "framework", shown)
            return section
        if blank:
            page.put(*live.anchor, "0" if live.shape else "key", "index", ";;;")  # else it spills into view
        page.formulas(live, formula, "key" if blank else "live", shown)
        self.formula_count += live.size
        if copied is not None:
            self.repeat_typed(page, visible, copied.typed or visible)
        elif blank:
            section.typed = visible
            section.difference = Block(page.title, visible.row, page.slot(key_slot + 1), tuple(array.shape))
            style = page.styles.array("blank", "General")
            for _, row, col in visible.cells():
                cell: Any = page.sheet.cell(row, col)
                cell._style, cell.data_type = style, "f"  # written without t="n", which IronCalc takes for a number
            page.formulas(section.difference, lambda i: mark(visible.address(i), live.address(i)), "key", "0")
            colour_blanks(page, visible, section.difference)
        return section

    def repeat(self, page: Page, place: Block, section: Section) -> Block:
        """What a person typed is repeated as it is; the formulas go on from its key, hidden beside it."""
        if not section.hidden:
            return super().repeat(page, place, section)
        self.repeat_typed(page, place, section.shown or place)
        return super().repeat(page, Block(page.title, place.row, page.slot(1), place.shape), section)

    def repeat_typed(self, page: Page, place: Block, typed: Block) -> None:
        source = View(typed, page.title)
        page.formulas(place, lambda i: f'IF({source[i]}="","",{source[i]})', "live", "General")

    def helper_place(self, page: Page, label: str, shape: Shape) -> View:
        """Helpers of a blank block belong to its key, so they are hidden with it."""
        if not self.hides_helpers:
            return super().helper_place(page, label, shape)
        block = page.block(shape, 1)
        page.labels(block)
        page.past(block)
        return View(block, page.title)

    hides_helpers = False

    def write_forward(self, node: Node, page: Page) -> None:
        self.hides_helpers = self.is_blank("forward", node)
        super().write_forward(node, page)

    def write_backward(self, node: Node, page: Page) -> None:
        self.hides_helpers = self.is_blank("contribution", node)
        super().write_backward(node, page)

    # --- what export has and a worksheet does differently -----------------------------------------------------------
    def finish_page(self, page: Page, slots: int) -> None:
        """Hide the key."""
        super().finish_page(page, slots)
        first = page.slot(slots - 2) - 1  # a node's page has one visible slot, Inputs has two
        for col in range(first, max(page.widest, page.slot(slots)) + 2):
            page.sheet.column_dimensions[column(col)].hidden = True

    def write_check(self) -> Dict[Item, Tuple[int, int]]:
        return write_score(self)


def mark(typed: str, key: str) -> str:
    """1 where the typed number is the key rounded to as many decimals as were typed, 0 where not, empty for a blank.

    A number typed as text is not right, though ABS would take it: verify says so too.
    """
    decimals = f'MAX(0,LEN(ABS({typed})&"")-LEN(INT(ABS({typed}))&"")-1)'
    needed = f"IF({key}=0,0,1-INT(LOG10(ABS({key}))))"  # for two significant digits
    half_a_unit = f"0.5*10^(-MAX({decimals},{needed}))"
    right = f"AND(NOT(ISTEXT({typed})),ABS({typed}-{key})<={half_a_unit}+1E-12*ABS({key})+1E-15)"
    return f'IFERROR(IF({typed}="","",IF(ISNUMBER({key}),IF({right},1,0),IF(EXACT({typed},{key}),1,0))),0)'


def colour_blanks(page: Page, blanks: Block, marks: Block) -> None:
    if not blanks.size:
        return
    zero = (0,) * len(blanks.shape)
    cell, marked = blanks.address(zero), marks.address(zero)
    rules = page.sheet.conditional_formatting
    cells = cells_of(blanks)
    rules.add(cells, FormulaRule([f"ISBLANK({cell})"], fill=fill(YELLOW), stopIfTrue=True))
    rules.add(cells, FormulaRule([f"{marked}=1"], fill=fill(GREEN), font=Font(color=GREEN_INK), stopIfTrue=True))
    rules.add(cells, FormulaRule([f"NOT(ISBLANK({cell}))"], fill=fill(RED), font=Font(color=RED_INK)))


def cells_of(block: Block) -> str:
    """The block's cells without the label rows between slices."""
    if len(block.shape) < 3:
        return block.rectangle()
    slices: List[str] = [block.rectangle()] if block.lines * block.slices > 3_000 else []
    if not slices:
        for n in range(block.slices):
            top = block.row + n * block.stride
            part = Block(block.sheet, top, block.column, block.shape[-2:])
            slices.append(part.rectangle())
    return " ".join(slices)


def write_score(book: BlankBook) -> Dict[Item, Tuple[int, int]]:
    """The Check sheet of a worksheet: how many blanks are right, wrong and still empty."""
    page = book.page("Check")
    sections = [(item, section) for item, section in all_sections(book) if section.typed is not None]
    first, last = 7, 6 + max(1, len(sections))
    page.line("Check", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs")])
    blanks, right, wrong, empty = (f"SUM({col}{first}:{col}{last})" for col in "CDEF")
    total = f'{right}&" of "&{blanks}&" right, "&{wrong}&" wrong, "&{empty}&" empty"'
    done = f"{right}={blanks}"
    verdict_row(page, f'=IF({done},"PASS: ",IF({wrong}>0,"FAIL: ",""))&{total}')
    page.text(4, 1, "Open to be checked by the exact rule: saitama verify FILE", "note")
    for col, name in enumerate(["block", "what", "blanks", "right", "wrong", "empty", "status"], 1):
        page.text(6, col, name, "head")
    rows: Dict[Item, Tuple[int, int]] = {}
    for row, (item, section) in enumerate(sections, first):
        rows[item] = (rows.get(item, (row, row))[0], row)
        typed = section.typed
        assert typed is not None and section.difference is not None
        marks = area(section.difference)
        page.link(row, 1, section.page.title, section.page.title, f"{column(typed.column)}{typed.row}", "cell_link")
        page.text(row, 2, section.label, "cell")
        page.put(row, 3, typed.size, "cell", "#,##0")
        page.put(row, 4, f"=COUNTIF({marks},1)", "cell", "#,##0")
        page.put(row, 5, f"=COUNTIF({marks},0)", "cell", "#,##0")
        page.put(row, 6, f"=C{row}-D{row}-E{row}", "cell", "#,##0")
        page.put(row, 7, f'=IF(D{row}=C{row},"PASS",IF(E{row}>0,"FAIL","open"))', "status")
    colour(page, f"G{first}:G{last}", f"G{first}")
    for letter, width in zip("ABCDEFG", (26, 34, 10, 10, 10, 10, 14)):
        page.sheet.column_dimensions[letter].width = width
    page.sheet.freeze_panes = "A7"
    return rows
