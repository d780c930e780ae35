"""export(root, path): the graph behind a tensor as a workbook that computes it again with formulas of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Tuple, Union

from saitama import __version__
from saitama.tensor.tensor import Tensor

from .book import Book
from .carry import write_graph
from .check import CheckedBook
from .formulas import FORMULAS
from .graph import Graph, Node, Run, run, trace
from .inputs import write_exported, write_inputs, write_leaf_gradients
from .parts import innermost
from .saving import check_replaceable, write_workbook
from .start import HOW_TO_READ, write_start
from .step import take_step, trace_step
from .update import write_updates


@dataclass(frozen=True)
class Exported:
    """The file that was written; usable wherever a path is."""

    path: Path
    sheets: Tuple[str, ...]
    nodes: int  # operations
    formulas: int  # live formula cells that compute values or gradients
    left_out: Tuple[str, ...]  # what has no live cells, and why

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


def export(
    root: Tensor,
    path: Union[str, os.PathLike[str]],
    *,
    names: Any = None,
    optimizer: Any = None,
    max_cells: int = 20_000,
    overwrite: Optional[bool] = None,
) -> Exported:
    """Write every value and gradient behind `root` to an .xlsx workbook of live formulas.

    root: a tensor of one element with a graph, a loss say. Its forward pass is computed again and a backward pass run
        beside it: nobody's .grad changes, and nothing needs to be prepared.
    names: a mapping from names to tensors (`locals()` will do) or a module, for tensors that have no name of their own.
    optimizer: one of saitama.optim, whose next step is added: a sheet for each parameter that the graph gives a
        gradient, with every line of the rule, from the optimizer's options and state as they are now. Nothing is
        updated; the gradient is this graph's own, whatever .grad holds.
    max_cells: a tensor of more numbers is summarised; Start and Check say so.
    overwrite: None replaces a file only if saitama wrote it and nobody has touched it since, True any, False none.

    Raises TypeError or ValueError for a root without a graph or an optimizer without formulas, RuntimeError for a graph
    freed by backward(), FileExistsError for a file that is kept, OSError where the file cannot be written (an old file
    is kept).
    """
    check_path(path, overwrite, max_cells)
    graph, result = computed(root, names, optimizer)
    book = CheckedBook(graph, result, max_cells)
    size = f"{len(graph.nodes)} operations, {len(graph.leaves)} input tensors, {graph.dtype}"
    what = f"written by saitama {__version__}: {size}"
    write_book(book, "export", what, HOW_TO_READ)
    return save(book, Path(path), overwrite)


def computed(root: Tensor, names: Any, optimizer: Any) -> Tuple[Graph, Run]:
    """The graph behind `root`, with a step of the optimizer if there is one, and everything in it."""
    graph = trace(root, names)
    if optimizer is not None:
        graph.step = trace_step(optimizer, graph)
    result = run(graph, {leaf: leaf.array for leaf in graph.inputs})
    take_step(graph, result)
    return graph, result


def check_path(path: Union[str, os.PathLike[str]], overwrite: Optional[bool], max_cells: int) -> None:
    if Path(path).suffix.lower() != ".xlsx":
        raise ValueError(f"export: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'network.xlsx'")
    if isinstance(max_cells, bool) or not isinstance(max_cells, int) or max_cells < 1:
        raise ValueError(f"max_cells is {max_cells!r}; give a whole number of at least 1")
    check_replaceable(path, overwrite)


def write_book(book: Book, kind: str, what: str, how: Any) -> None:
    """All sheets, in the order in which they are shown."""
    book.workbook.remove(book.workbook["Sheet"])
    start = book.page("Start")
    inputs = write_inputs(book)
    for node in book.graph.nodes:
        write_node(book, node)
    for node in reversed(book.graph.nodes):
        book.write_backward(node, book.pages[node])
        book.finish_page(book.pages[node], 3)
    write_leaf_gradients(book, inputs)
    book.finish_page(inputs, 4)
    write_updates(book)
    rows = book.write_check()
    write_start(start, book, rows, what, how, kind == "worksheet")
    write_exported(book)
    write_graph(book, kind, __version__)
    book.styles.close()
    book.workbook.active = 0


def write_node(book: Book, node: Node) -> None:
    """The head of an operation's sheet and its forward block."""
    widths = [item.shape[-1] for item in (node, *node.inputs) if item.shape and book.fits(item)]
    page = book.pages[node] = book.page(book.titles[node], max(widths, default=1) or 1)
    formula = FORMULAS[node.op]
    page.line(f"{node.number}   {node.name} = {node.text}", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs"), ("Check", "Check")])
    part = innermost(book.graph.parts, node.number)
    if part is not None:
        page.text(page.row, 1, "part of", "caption")
        page.text(page.row, 2, part.title)
        page.row += 1
    page.line(formula.words[:1].upper() + formula.words[1:], "text")
    page.line(formula.maths, "maths")
    page.links("computed from", [(item.name, book.titles[item]) for item in dict.fromkeys(node.inputs)])
    readers = book.readers(node)
    if readers:
        page.links("goes into", [(reader.name, book.titles[reader]) for reader in readers])
    else:
        page.links("goes into", [])
        page.text(page.row - 1, 2, "nothing: this is the result", "note")
    page.row += 1
    shape = "one number" if node.shape == () else f"shape {tuple(node.shape)}"
    page.heading(f"Forward: {node.name}    {shape}, {node.dtype}", page.slot(3) - 2)
    book.write_forward(node, page)


def save(book: Book, path: Path, overwrite: Optional[bool]) -> Exported:
    """Write the workbook to a temporary name and rename it."""
    write_workbook(book.workbook, path, overwrite)
    sheets = tuple(book.workbook.sheetnames)
    return Exported(path, sheets, len(book.graph.nodes), book.formula_count, tuple(book.left_out))


__all__ = ["Exported", "export"]
