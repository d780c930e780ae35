"""The graph as JSON inside the workbook, so that the file alone suffices to compute everything again.

Only data: operations by the name of their class with their parameters, names, shapes, and where each block lies.
Nothing in it is ever executed, and `read_graph` believes none of it before it has checked names, shapes and places.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from saitama.autograd.function import OPS

from .book import Book, Section
from .errors import WorkbookError
from .formulas import FORMULAS
from .graph import Graph, Item, Leaf, Node
from .layout import Block, Shape, size_of

FORMAT = 1
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
    page.text(1, 1, "The graph of this workbook, for saitama verify. Please leave it as it is.", "note")
    for n in range(0, len(text), CHUNK):
        page.text(2 + n // CHUNK, 1, text[n : n + CHUNK], "note")


def describe(book: Book, kind: str, version: str) -> Dict[str, Any]:
    graph = book.graph
    number: Dict[Item, int] = {item: n for n, item in enumerate([*graph.leaves, *graph.nodes])}
    leaves = [
        {**_item(leaf), "value": _section(book.forward.get(leaf)), "gradient": _section(book.arriving.get(leaf))}
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
            "forward": _section(book.forward.get(node)),
            "arriving": _section(book.arriving.get(node)),
            "contributions": [_section(book.contributions.get((node, k))) for k in range(len(node.inputs))],
        }
        for node in graph.nodes
    ]
    return {"saitama": version, "format": FORMAT, "kind": kind, "leaves": leaves, "nodes": nodes}


def _item(item: Item) -> Dict[str, Any]:
    return {"name": item.name, "shape": list(item.shape), "dtype": item.dtype, "grad": item.requires_grad}


def _section(section: Optional[Section]) -> Optional[Dict[str, Any]]:
    if section is None:
        return None
    places: Dict[str, Any] = {"sheet": section.page.title}
    for name in ("live", "framework", "typed"):
        block = getattr(section, name)
        if block is not None:
            places[name] = [block.row, block.column]
    for name in ("pinned", "hidden"):
        if getattr(section, name):
            places[name] = True
    return places


# --- reading --------------------------------------------------------------------------------------------------------
class Carried:
    """What a workbook carries: the graph, and for each of its tensors the blocks that show it."""

    def __init__(self, graph: Graph, kind: str) -> None:
        self.graph, self.kind = graph, kind
        self.places: Dict[Any, Places] = {}  # by item: its value; ("gradient", item); (node, k): what is handed on


class Places:
    """The blocks of one tensor."""

    def __init__(self, described: Mapping[str, Any], shape: Shape, book: Any) -> None:
        sheet = described["sheet"]
        if sheet not in book:
            raise WorkbookError(f"{book.path}: the sheet {sheet!r} is missing; export the workbook again")
        self.sheet, self.shape = str(sheet), shape
        self.pinned, self.hidden = bool(described.get("pinned")), bool(described.get("hidden"))
        live = self._block(described, "live")
        if live is None:
            raise ValueError(f"nothing says where on {sheet!r} a tensor lies")
        self.live = live
        self.framework = self._block(described, "framework")
        self.typed = self._block(described, "typed")
        for block in (self.live, self.framework, self.typed):
            if block is not None and block.size:
                self._check_labels(block, book)

    def _check_labels(self, block: Block, book: Any) -> None:
        """The index over the first column, and the one beside the last row, where they were written."""
        moved = WorkbookError(f"{book.path}: cells of the sheet {self.sheet!r} were moved; export the workbook again")
        label = book[self.sheet][block.anchor]
        if label.kind != "text" or (self.shape and label.value != "0"):
            raise moved
        if len(self.shape) > 1 and not (self.hidden and block is self.live):
            beside = book[self.sheet][block.row + block.height - 1, block.column - 1]
            if beside.value != str(block.lines - 1):
                raise WorkbookError(
                    f"{book.path}: cells of the sheet {self.sheet!r} were moved; export the workbook again"
                )

    def _block(self, described: Mapping[str, Any], name: str) -> Optional[Block]:
        if name not in described:
            return None
        row, column = described[name]
        if not (isinstance(row, int) and isinstance(column, int) and 0 < row < 2**20 and 0 < column <= 2**14):
            raise ValueError(f"a block at row {row}, column {column}")
        block = Block(self.sheet, row, column, self.shape)
        if row + block.height > 2**20 or column + block.width > 2**14 + 1:
            raise ValueError(f"a block of shape {self.shape} at row {row}, column {column}")
        return block


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
        if described["format"] != FORMAT:
            raise WorkbookError(
                f"{book.path}: written in format {described['format']!r}, this version reads {FORMAT}: export it again"
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
        _place(carried, item, leaf["value"], item.shape, book)
        _place(carried, ("gradient", item), leaf["gradient"], item.shape, book)
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
        _place(carried, node, given["forward"], node.shape, book)
        _place(carried, ("gradient", node), given["arriving"], node.shape, book)
        for k, (operand, places) in enumerate(zip(inputs, given["contributions"])):
            _place(carried, (node, k), places, operand.shape, book)
    total = sum(size_of(item.shape) for item in items)
    if total > MAX_TOTAL:
        raise ValueError(f"its tensors have {total:,} numbers in all")
    if not graph.nodes or size_of(graph.root.shape) != 1:
        raise ValueError("it has no result of one number")
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


def _place(carried: Carried, key: Any, described: Optional[Mapping[str, Any]], shape: Shape, book: Any) -> None:
    if described is not None:
        carried.places[key] = Places(described, shape, book)
