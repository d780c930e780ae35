"""The graph behind a Value: the same graph, of single numbers."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from saitama.autograd.value import Value, results_below
from saitama.tensor.backend import K

from .graph import Graph
from .items import Item, Leaf, Node
from .names import unique

OPERATIONS = {
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "**": "Pow",
    "neg": "Neg",
    "exp": "Exp",
    "log": "Log",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "ReLU",
}


def trace_value(root: Value, names: Any = None) -> Graph:
    """Leaves and results in the order in which they were made. A leaf without a name is a number in an expression."""
    if root.a is None:
        raise ValueError("export: no operation made this Value: compute it from others")
    given: Dict[Any, str] = {}
    for name, value in names.items() if isinstance(names, Mapping) else ():
        if isinstance(value, Value) and not str(name).startswith("_"):
            given.setdefault(value, str(name))
    taken: Dict[str, int] = {}
    items: Dict[Value, Item] = {}
    graph = Graph([], [])
    for number, y in enumerate(sorted(results_below(root), key=lambda y: y.order), 1):
        operands: List[Value] = [value for value in (y.a, y.b) if value is not None]
        for value in operands:
            if value not in items:
                items[value] = leaf = _leaf(value, value.name or given.get(value), taken)
                graph.leaves.append(leaf)
        op = OPERATIONS[y.op]
        inputs = tuple(items[value] for value in operands)
        needs = tuple(item.requires_grad for item in inputs)
        name = unique(y.name or given.get(y) or f"{op.lower()}{number}", taken)
        items[y] = node = Node(name, (), "float64", any(needs), op, {}, inputs, needs, number)
        graph.nodes.append(node)
    return graph


def _leaf(value: Value, name: Any, taken: Dict[str, int]) -> Leaf:
    array = K.from_list([value.data], (), "float64")
    if name is None:
        return Leaf(f"{value.data:g}", (), "float64", False, array, value)
    return Leaf(unique(name, taken), (), "float64", True, array, value)
