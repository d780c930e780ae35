"""The graph as JSON inside the workbook, so that the file alone suffices to compute everything again.

Only data: operations by the name of their class with their parameters, names, shapes, and where each block lies.
Nothing in it is ever executed, and `read_graph` believes none of it before it has checked names, shapes and places.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Tuple

from saitama.autograd.function import OPS

from .book import MAX_NODES, Book
from .carry_step import describe_step, read_step
from .demand import TooMuch, check_demand
from .errors import WorkbookError
from .formulas import FORMULAS
from .graph import Graph, Item, Leaf, Node
from .layout import Shape, size_of
from .places import Carried, section_places

FORMATS = (1, 2)  # 2: with the step of an optimiser, which a reader of 1 would leave unchecked
CHUNK = 30_000  # characters of one cell; Excel cuts text silently after 32,767
SHEET = "Graph"
MAX_TEXT = 10_000_000  # characters
MAX_TENSORS = 50_000  # that a graph starts from, and that its operations read, each time counted
LONGEST_REASON = 200  # characters

# What reading a damaged graph may raise.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


# --- writing --------------------------------------------------------------------------------------------------------
def write_graph(book: Book, kind: str, version: str) -> None:
    """The hidden sheet Graph."""
    page = book.page(SHEET)
    page.sheet.sheet_state = "hidden"
    text = json.dumps(describe(book, kind, version), ensure_ascii=True, separators=(",", ":"))
    if len(text) > MAX_TEXT:
        raise ValueError(f"export: the graph takes {len(text):,} characters to describe; export a smaller example")
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
    if kind == "worksheet":
        described["helpers"] = [[h.sheet, h.row, h.column, list(h.shape), hidden] for h, hidden in book.helpers]
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
    try:
        described = json.loads(_text(book[SHEET]), parse_int=_whole)
        if described["format"] not in FORMATS:
            raise WorkbookError(
                f"{book.path}: written in format {described['format']!r:.40}, this version reads {FORMATS[-1]}: "
                "export it again"
            )
        return _carried(described, book)
    except WorkbookError:
        raise
    except TooMuch as error:
        raise WorkbookError(f"{book.path}: too much to compute here: {error}; export a smaller example") from None
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WorkbookError(
            f"{book.path}: the graph it carries is damaged ({reason[:LONGEST_REASON]}); export the workbook again"
        ) from None


def _text(sheet: Any) -> str:
    chunks: List[str] = []
    length = 0
    while sheet[len(chunks) + 2, 1].kind == "text":
        chunks.append(str(sheet[len(chunks) + 2, 1].value))
        length += len(chunks[-1])
        if length > MAX_TEXT:
            raise TooMuch(f"its graph takes more than {MAX_TEXT:,} characters to describe")
    return "".join(chunks)


def _whole(text: str) -> int:
    """A whole number of JSON. One of a million digits would take Python minutes."""
    if len(text) > 20:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _carried(described: Mapping[str, Any], book: Any) -> Carried:
    graph = Graph([], [])
    carried = Carried(graph, "worksheet" if described["kind"] == "worksheet" else "export")
    items: List[Item] = []
    if len(described["nodes"]) > MAX_NODES:
        raise TooMuch(f"its graph has {len(described['nodes']):,} operations, at most {MAX_NODES:,} are computed")
    tensors = len(described["leaves"]) + sum(len(given["inputs"]) for given in described["nodes"])
    if tensors > MAX_TENSORS:
        raise TooMuch(f"its operations read {tensors:,} tensors, at most {MAX_TENSORS:,} are computed with")
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
            raise ValueError(f"operation {number}, {op}, cannot have shape {node.shape}")
        graph.nodes.append(node)
        items.append(node)
        carried.place(node, given["forward"], node.shape, book)
        carried.place(("gradient", node), given["arriving"], node.shape, book)
        for k, (operand, places) in enumerate(zip(inputs, given["contributions"])):
            carried.place((node, k), places, operand.shape, book)
    if not graph.nodes or size_of(graph.root.shape) != 1:
        raise ValueError("it has no result of one number")
    carried.help(described.get("helpers"), book)
    if described["format"] == FORMATS[1]:
        read_step(carried, described["step"], book)
    carried.check_structure(book)
    with_cells = [leaf for leaf in graph.inputs if leaf in carried.places]
    check_demand(graph, with_cells, [node for node in graph.nodes if carried.is_pinned(node)])
    return carried


def _read_item(described: Mapping[str, Any]) -> Tuple[str, Shape, str, bool]:
    shape = _param(described["shape"])
    if not isinstance(shape, tuple) or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in shape):
        raise ValueError(f"a tensor of shape {shape}")
    if len(shape) > 32:
        raise ValueError(f"a tensor of {len(shape)} dimensions")
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
