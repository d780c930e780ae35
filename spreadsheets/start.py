"""The Start sheet: what this workbook is, how to read it, and the table of its operations."""

from __future__ import annotations

from typing import Dict, List, Tuple

from .book import Book
from .check import VERDICT, colour
from .graph import Item
from .page import Page, target
from .step import Update

COLUMNS = [("no.", 6), ("name", 20), ("operation", 44), ("reads", 30), ("shape", 14), ("status", 13)]
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


def write_start(
    page: Page, book: Book, rows: Dict[Item, Tuple[int, int]], what: str, how: List[str], to_fill: bool
) -> None:
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
    for col, (name, _) in enumerate(COLUMNS, 1):
        page.text(page.row, col, name, "head")
    head = page.row
    page.row += 1
    inputs = ", ".join(leaf.name for leaf in graph.leaves[:12]) + (", …" if len(graph.leaves) > 12 else "")
    page.text(page.row, 1, "", "cell")
    page.link(page.row, 2, "Inputs", "Inputs", style="cell_link")
    page.text(page.row, 3, inputs, "cell")
    page.text(page.row, 4, "", "cell")
    page.text(page.row, 5, f"{len(graph.leaves)} tensors", "cell")
    leaf_rows = [rows[leaf] for leaf in graph.leaves if leaf in rows]
    if leaf_rows:
        page.put(page.row, 6, status(leaf_rows[0][0], leaf_rows[-1][1]), "status")
    page.row += 1
    for node in graph.nodes:
        page.put(page.row, 1, node.number, "number")
        page.link(page.row, 2, node.name, book.titles[node], style="cell_link")
        page.text(page.row, 3, node.text, "cell")
        page.text(page.row, 4, ", ".join(dict.fromkeys(item.name for item in node.inputs)), "cell")
        page.text(page.row, 5, "number" if node.shape == () else str(tuple(node.shape)), "cell")
        page.put(page.row, 6, status(*rows[node]) if node in rows else "not live", "status")
        page.row += 1
    for update in graph.step.updates if graph.step else ():
        write_update(page, book, update, rows)
    colour(page, f"F{head + 1}:F{page.row - 1}", f"F{head + 1}")
    page.row += 1
    page.heading("What is left out", 6)
    for line in book.left_out or ["Nothing: every number of the graph is in this workbook."]:
        page.text(page.row, 2, line)
        page.row += 1
    for n, (_, width) in enumerate(COLUMNS):
        page.sheet.column_dimensions["ABCDEF"[n]].width = width


def write_update(page: Page, book: Book, update: Update, rows: Dict[Item, Tuple[int, int]]) -> None:
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
    page.text(page.row, 5, "number" if update.shape == () else str(tuple(update.shape)), "cell")
    page.put(page.row, 6, status(*rows[update]) if update in rows else "not live", "status")
    page.row += 1


def status(first: int, last: int) -> str:
    """PASS if every block of the rows of Check passes."""
    area = target("Check", f"G{first}:G{last}")
    n = last - first + 1
    return f'=IF(COUNTIF({area},"PASS")={n},"PASS",IF(COUNTIF({area},"FAIL")>0,"FAIL",INDEX({area},1)))'
