"""The graph that a workbook carries, taken in again.

Nothing in it is ever executed, and none of it is believed before names, shapes and places have been checked.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any, Iterator, List, Mapping, Tuple

from saitama.autograd.function import OPS

from ..errors import WorkbookError
from ..formulas import FORMULAS
from ..graph.demand import TooMuch, check_demand
from ..graph.format import FORMATS, MAX_NODES, MAX_TEXT, SHEET
from ..graph.graph import Graph
from ..graph.items import Item, Leaf, Node
from ..graph.keys import Gradient, Inner, Share, Value
from ..layout import Shape, size_of
from .carried_step import read_step
from .places import Carried

MAX_TENSORS = 50_000  # that a graph starts from, and that its operations read, each time counted
LONGEST_REASON = 200  # characters

# What reading a damaged graph may raise.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def read_graph(book: Any) -> Carried:
    """The graph of an opened workbook. WorkbookError where it has none, or one that does not hold together."""
    with damage_named(book):
        return _carried(_described(book), book)


def page_title(book: Any) -> str:
    """What a page is called, by what it says of itself; its graph is not looked at."""
    with damage_named(book):
        return str(_described(book).get("exercise", {}).get("page", ""))


def _described(book: Any) -> Any:
    if SHEET not in book:
        raise WorkbookError(
            f"{book.path}: this workbook carries no graph (the sheet {SHEET!r} is missing): saitama did not write it; "
            "compare(path, {address: tensor}) checks any workbook"
        )
    described = json.loads(text_of(book[SHEET]), parse_int=_whole)
    if described["format"] not in FORMATS:
        raise WorkbookError(
            f"{book.path}: written in format {described['format']!r:.40}, this version reads {FORMATS[-1]}: "
            "export it again"
        )
    return described


@contextmanager
def damage_named(book: Any) -> Iterator[None]:
    """WorkbookError, in one line, for what reading a damaged graph may raise."""
    try:
        yield
    except WorkbookError:
        raise
    except TooMuch as error:
        raise WorkbookError(f"{book.path}: too much to compute here: {error}; export a smaller example") from None
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WorkbookError(
            f"{book.path}: the graph it carries is damaged ({reason[:LONGEST_REASON]}); export the workbook again"
        ) from None


def carry_the_same(one: Any, other: Any) -> bool:
    """Whether two workbooks say that they show the same graph. Nothing more is believed of them here."""
    try:
        return text_of(one[SHEET]) == text_of(other[SHEET])
    except (LookupError, WorkbookError, TooMuch):
        return False


def text_of(sheet: Any) -> str:
    """What a workbook says of its graph, put together from the cells of its hidden sheet."""
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
        carried.leave_out(item, leaf)
        carried.place(Value(item), leaf["value"], item.shape, book)
        carried.place(Gradient(item), leaf["gradient"], item.shape, book)
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
        carried.leave_out(node, given)
        carried.place(Value(node), given["forward"], node.shape, book)
        carried.place(Gradient(node), given["arriving"], node.shape, book)
        for k, (operand, places) in enumerate(zip(inputs, given["contributions"])):
            carried.place(Share(node, k), places, operand.shape, book)
        for k, symbol, places in given.get("inner", ()) if described["format"] == FORMATS[2] else ():
            of = Value(node) if k == -1 else Share(node, range(len(inputs))[k])
            carried.place(Inner(of, str(symbol)[:40]), places, _param(places["shape"]), book)
    if not graph.nodes or (carried.kind != "worksheet" and size_of(graph.root.shape) != 1):
        raise ValueError("it has no result of one number")
    carried.exercise = dict(described["exercise"]) if described["format"] == FORMATS[2] else {}
    carried.help(described.get("helpers"), book)
    if "step" in described and described["format"] != FORMATS[0]:
        read_step(carried, described["step"], book)
    carried.check_structure(book)
    with_cells = [leaf for leaf in graph.inputs if Value(leaf) in carried.places]
    check_demand(graph, with_cells, [node for node in graph.nodes if carried.is_pinned(Value(node))])
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
