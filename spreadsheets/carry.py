"""The graph as JSON inside the workbook, so that the file alone suffices to compute everything again.

Only data: operations by the name of their class with their parameters, names, shapes, and where each block lies.
Nothing in it is ever executed, and `read_graph` believes none of it before it has checked names, shapes and places.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Tuple

from saitama.autograd.function import OPS

from .book import Book
from .carry_step import describe_step, read_step
from .errors import WorkbookError
from .formulas import FORMULAS
from .graph import Graph, Item, Leaf, Node
from .layout import Shape, size_of
from .places import Carried, section_places

FORMATS = (1, 2)  # 2: with the step of an optimiser, which a reader of 1 would leave unchecked
CHUNK = 30_000  # characters of one cell; Excel cuts text silently after 32,767
SHEET = "Graph"
MAX_TOTAL = 20_000_000  # numbers in all tensors together
MAX_TEXT = 50_000_000


# --- writing --------------------------------------------------------------------------------------------------------
def write_graph(book: Book, kind: str, version: str) -> None:
    """The hidden sheet Graph."""
    page = book.page(SHEET)
    page.sheet.sheet_state = "hidden"
    text = json.dumps(describe(book, kind, version), ensure_ascii=True, separators=(",", ":"))
    text = text.replace(" ", "\\u0020")  # of names; a blank at the end of a cell needs a mark that the format lacks
    page.text(1, 1, "The graph of this workbook, for saitama verify. Please leave it as it is.", "note")
    for n in range(0, len(text), CHUNK):
        page.text(2 + n // CHUNK, 1, text[n : n + CHUNK], "note")


def describe(book: Book, kind: str, version: str) -> Dict[str, Any]:
    graph = book.graph
    number: Dict[Item, int] = {item: n for n, item in enumerate([*graph.leaves, *graph.nodes])}
    leaves = [
        {
            **_item(leaf),
            "value": section_places(book.forward.get(leaf)),
            "gradient": section_places(book.arriving.get(leaf)),
        }
        for leaf in graph.leaves
    ]
    nodes = [
        {
            **_item(node),
            "op": node.op,
            "params": node.params,
            "inputs": [number[item] for item in node.inputs],
            "needs": list(node.needs),
            "sheet": book.titles[node],
            "forward": section_places(book.forward.get(node)),
            "arriving": section_places(book.arriving.get(node)),
            "contributions": [section_places(book.contributions.get((node, k))) for k in range(len(node.inputs))],
        }
        for node in graph.nodes
    ]
    described = {"saitama": version, "format": FORMATS[0], "kind": kind, "leaves": leaves, "nodes": nodes}
    if graph.step:
        described.update(format=FORMATS[1], step=describe_step(book, graph.step))
    return described


def _item(item: Item) -> Dict[str, Any]:
    return {"name": item.name, "shape": list(item.shape), "dtype": item.dtype, "grad": item.requires_grad}


# --- reading --------------------------------------------------------------------------------------------------------
def read_graph(book: Any) -> Carried:
    """The graph of an opened workbook. WorkbookError where it has none, or one that does not hold together."""
    if SHEET not in book:
        raise WorkbookError(
            f"{book.path}: this workbook carries no graph (the sheet {SHEET!r} is missing): saitama did not write it; "
            "compare(path, {address: tensor}) checks any workbook"
        )
    sheet = book[SHEET]
    chunks: List[str] = []
    while sheet[len(chunks) + 2, 1].kind == "text" and len(chunks) * CHUNK < MAX_TEXT:
        chunks.append(str(sheet[len(chunks) + 2, 1].value))
    try:
        described = json.loads("".join(chunks))
        if described["format"] not in FORMATS:
            raise WorkbookError(
                f"{book.path}: written in format {described['format']!r:.40}, this version reads {FORMATS[-1]}: "
                "export it again"
            )
        return _carried(described, book)
    except WorkbookError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WorkbookError(
            f"{book.path}: the graph it carries is damaged ({reason}); export the workbook again"
        ) from None


def _carried(described: Mapping[str, Any], book: Any) -> Carried:
    graph = Graph([], [])
    carried = Carried(graph, "worksheet" if described["kind"] == "worksheet" else "export")
    items: List[Item] = []
    total = 0
    for leaf in described["leaves"]:
        item = Leaf(*_read_item(leaf))
        graph.leaves.append(item)
        items.append(item)
        carried.place(item, leaf["value"], item.shape, book)
        carried.place(("gradient", item), leaf["gradient"], item.shape, book)
    for number, given in enumerate(described["nodes"], 1):
        op = given["op"]
        if op not in OPS or op not in FORMULAS:
            raise ValueError(f"it uses the operation {op!r}, which this version does not have")
        params = {str(name): _param(value) for name, value in given["params"].items()}
        if set(params) != set(OPS[op].params):
            raise ValueError(f"{op} takes the parameters {OPS[op].params}, not {tuple(params)}")
        inputs = tuple(items[n] for n in given["inputs"] if 0 <= n < len(items))
        needs = tuple(bool(need) for need in given["needs"])
        if not len(inputs) == len(needs) == len(given["inputs"]):
            raise ValueError(f"operation {number} reads a tensor that comes later")
        name, shape, dtype, grad = _read_item(given)
        node = Node(name, shape, dtype, grad, op=op, params=params, inputs=inputs, needs=needs, number=number)
        if FORMULAS[op].shape([i.shape for i in inputs], params) != node.shape:
            raise ValueError(f"operation {number}, {node.text}, cannot have shape {node.shape}")
        graph.nodes.append(node)
        items.append(node)
        carried.place(node, given["forward"], node.shape, book)
        carried.place(("gradient", node), given["arriving"], node.shape, book)
        for k, (operand, places) in enumerate(zip(inputs, given["contributions"])):
            carried.place((node, k), places, operand.shape, book)
    total = sum(size_of(item.shape) for item in items)
    if total > MAX_TOTAL:
        raise ValueError(f"its tensors have {total:,} numbers in all")
    if not graph.nodes or size_of(graph.root.shape) != 1:
        raise ValueError("it has no result of one number")
    if described["format"] == FORMATS[1]:
        read_step(carried, described["step"], book)
    return carried


def _read_item(described: Mapping[str, Any]) -> Tuple[str, Shape, str, bool]:
    shape = _param(described["shape"])
    if not isinstance(shape, tuple) or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in shape):
        raise ValueError(f"a tensor of shape {shape}")
    if len(shape) > 32 or size_of(shape) > MAX_TOTAL:
        raise ValueError(f"a tensor of shape {shape}")
    if described["dtype"] not in ("float64", "float32", "int64", "bool"):
        raise ValueError(f"numbers of kind {described['dtype']!r}")
    return str(described["name"])[:100], shape, described["dtype"], bool(described["grad"])


def _param(value: Any) -> Any:
    """A parameter as the operation takes it: lists of whole numbers become tuples."""
    if isinstance(value, list) and len(value) <= 32 and all(isinstance(n, int) and abs(n) < 2**40 for n in value):
        return tuple(value)
    if isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and abs(value) < 2**40):
        return value
    raise ValueError(f"a parameter {str(value)[:40]!r}")
