"""The Start sheet: what this workbook is, how to read it, and the table of its operations."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..formulas import FORMULAS
from ..graph.parts import Part, innermost, local
from ..graph.step import Update
from ..graph.trace import Item, Node
from .book import Book
from .check import VERDICT, colour
from .page import Page, target

Rows = Dict[Item, Tuple[int, int]]  # of Check: the first and the last

COLUMNS = ["no.", "name", "operation", "reads", "shape", "status"]
COLUMNS_BACK = ["no.", "gradient", "handed on", "comes back through", "shape", "status"]
WIDTHS = [6, 20, 44, 30, 14, 13]
HOW_TO_READ = [
    "Every white number is a live formula. Click one to see what it is computed from.",
    "Inputs holds the numbers everything starts from. Change a yellow cell, and values and gradients follow.",
    "Each operation has a sheet of its own: its value on top, then the gradient that arrives, then what it hands on.",
    "Beside each formula stands what the framework computed, and the difference of the two.",
    "Check says for every block whether formula and framework agree. Sheets are protected without a password.",
]
HOW_TO_STEP = (
    "Each sheet called update takes one step of the optimizer, line by line; its lr and the like are yellow on Inputs."
)
LEGEND = [
    ("sample", "yours to change"),
    ("live", "live formula"),
    ("framework", "computed by the framework"),
    ("difference", "difference"),
]
LEGEND_TO_FILL = [("sample", "yours to fill in"), ("live", "computed for you"), ("right", "right"), ("wrong", "wrong")]


def write_start(page: Page, book: Book, rows: Rows, what: str, how: List[str], to_fill: bool) -> None:
    graph = book.graph
    page.line(f"{graph.root.name}: {'by hand' if to_fill else 'checked by hand'}", "title")
    page.line(what, "note")
    page.put(4, 1, f"={target('Check', VERDICT)}", "verdict")
    page.sheet.merge_cells("A4:F4")
    page.sheet.row_dimensions[4].height = 32
    colour(page, "A4:F4", "$A$4")
    page.row = 6
    page.heading("How to fill it in" if to_fill else "How to read it", 6)
    for n, line in enumerate([*how, *([HOW_TO_STEP] if graph.step else [])], 1):
        page.text(page.row, 1, str(n), "step")
        page.text(page.row, 2, line)
        page.row += 1
    page.row += 1
    for n, (style, meaning) in enumerate(LEGEND_TO_FILL if to_fill else LEGEND):
        page.put(page.row, 2 + n, meaning, style)
    page.row += 2
    page.heading("From the inputs to the result", 6)
    heads(page, COLUMNS)
    head = page.row
    write_forward(page, book, rows)
    for update in graph.step.updates if graph.step else ():
        write_update(page, book, update, rows)
    colour(page, f"F{head}:F{page.row - 1}", f"F{head}")
    page.row += 1
    page.heading("From the result back to the inputs", 6)
    heads(page, COLUMNS_BACK)
    head = page.row
    write_backward(page, book, rows)
    colour(page, f"F{head}:F{page.row - 1}", f"F{head}")
    page.row += 1
    page.heading("What is left out", 6)
    for line in book.left_out or ["Nothing: every number of the graph is in this workbook."]:
        page.text(page.row, 2, line)
        page.row += 1
    names = max(len(item.name) for item in [*graph.leaves, *graph.nodes]) + len(f"d{graph.root.name}/d")
    for n, width in enumerate(WIDTHS):
        width = max(width, min(names, 44)) if n == 1 else width
        page.sheet.column_dimensions["ABCDEF"[n]].width = width


def heads(page: Page, columns: List[str]) -> None:
    for col, name in enumerate(columns, 1):
        page.text(page.row, col, name, "head")
    page.row += 1


def write_forward(page: Page, book: Book, rows: Rows) -> None:
    """The inputs, then every operation, under the module that it is part of."""
    graph = book.graph
    inputs = ", ".join(leaf.name for leaf in graph.leaves[:12]) + (", …" if len(graph.leaves) > 12 else "")
    shown = [rows[leaf] for leaf in graph.leaves if leaf in rows]
    checked = (shown[0][0], shown[-1][1]) if shown else None
    row(page, "", "Inputs", ("Inputs", "A1"), [inputs, "", f"{len(graph.leaves)} tensors"], checked)
    sections = Sections(page, book)
    for node in graph.nodes:
        part = sections.enter(node)
        book.pages[node].link(2, 2, "Start", "Start", f"B{page.row}")
        names = [local(item.name, part) for item in node.inputs]
        text = FORMULAS[node.op].text(names, node.params)
        cells = [text, ", ".join(dict.fromkeys(names)), shape_text(node)]
        row(page, node.number, node.name, (book.titles[node], "A1"), cells, rows.get(node), "not live")


def write_backward(page: Page, book: Book, rows: Rows) -> None:
    """Every gradient, in the order in which they are computed, under the same parts; those of the inputs last."""
    graph, sections = book.graph, Sections(page, book)
    part: Optional[Part] = None
    for item in [*reversed(graph.nodes), *graph.leaves]:
        section = book.arriving.get(item)
        if section is None:
            continue
        if isinstance(item, Node):
            part = sections.enter(item)
        elif part is not sections.inputs:
            part = sections.start(sections.inputs)
        through = ", ".join(dict.fromkeys(local(consumer.name, part) for consumer, _ in book.consumers(item)))
        how = ";  ".join(FORMULAS[item.op].derivative) if isinstance(item, Node) else "the sum of what comes back"
        place = section.page.title, f"A{max(1, section.live.row - 4)}"
        cells = [how, through or "1: the chain rule starts here", shape_text(item)]
        number = item.number if isinstance(item, Node) else ""
        row(page, number, section.label, place, cells, rows.get(item), "not live")


def row(
    page: Page,
    number: Any,
    name: str,
    place: Tuple[str, str],
    cells: List[str],
    checked: Optional[Tuple[int, int]],
    otherwise: str = "",
) -> None:
    """One line of a table: a link, three cells of text and the status."""
    page.put(page.row, 1, number, "number")
    page.link(page.row, 2, name, *place, style="cell_link")
    for col, text in enumerate(cells, 3):
        page.text(page.row, col, text, "cell")
    if checked or otherwise:
        page.put(page.row, 6, status(*checked) if checked else otherwise, "status")
    page.row += 1


class Sections:
    """Lines between the rows of a table: which module the operations below are part of."""

    inputs = Part("", "Inputs", "the tensors that everything starts from", 0, 0)
    outside = Part("", "outside of the model", "", 0, 0)

    def __init__(self, page: Page, book: Book) -> None:
        self.page, self.parts = page, book.graph.parts
        self.any = any(part.is_section for part in self.parts)
        self.now: Optional[Part] = None
        self.seen: List[Part] = []

    def enter(self, node: Node) -> Part:
        """The part that an operation belongs to, with its line if it is another one than before."""
        part = innermost(self.parts, node.number, sections=True) or self.outside
        return part if part is self.now else self.start(part)

    def start(self, part: Part) -> Part:
        self.now = part
        if self.any:
            for col in range(1, 7):
                self.page.text(self.page.row, col, "", "part")
            again = part in self.seen
            self.page.text(self.page.row, 2, part.title, "part")
            self.page.text(self.page.row, 3, "goes on" if again else part.words, "part_words")
            self.page.row += 1
        self.seen.append(part)
        return part


def write_update(page: Page, book: Book, update: Update, rows: Rows) -> None:
    """The line of one parameter's step."""
    p = update.parameter.name
    kind = book.graph.step.optimizer if book.graph.step else ""
    page.text(page.row, 1, "", "cell")
    if update in rows:
        page.link(page.row, 2, update.name, book.titles[update], style="cell_link")
    else:
        page.text(page.row, 2, update.name, "cell")
    page.text(page.row, 3, f"a step of {kind}: {p} at t+1", "cell")
    page.text(page.row, 4, ", ".join([p, f"d{book.graph.root.name}/d{p}", *update.state]), "cell")
    page.text(page.row, 5, shape_text(update), "cell")
    page.put(page.row, 6, status(*rows[update]) if update in rows else "not live", "status")
    page.row += 1


def shape_text(item: Item) -> str:
    return "number" if item.shape == () else str(tuple(item.shape))


def status(first: int, last: int) -> str:
    """PASS if every block of the rows of Check passes."""
    area = target("Check", f"G{first}:G{last}")
    n = last - first + 1
    return f'=IF(COUNTIF({area},"PASS")={n},"PASS",IF(COUNTIF({area},"FAIL")>0,"FAIL",INDEX({area},1)))'
