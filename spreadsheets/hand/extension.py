"""The graph from numbers that are known already to a tensor: what a script computes from gradients, say."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from saitama.autograd.function import Function
from saitama.tensor.tensor import Tensor

from ..graph.graph import Graph
from ..graph.items import Item, Leaf, Node
from ..graph.names import unique
from .watched import Source, made_by

MOST_OPERATIONS = 1_000
Known = Callable[[Source], Optional[Tuple[str, Any]]]  # the name and the array of what an earlier graph has


def extension(source: Source, array: Any, known: Known) -> Optional[Tuple[Graph, Dict[Source, Item]]]:
    """The operations behind a source, as far as no earlier graph has them; a tensor that no operation made is handed on
    as it is. None where the way to it was freed, or is too long."""
    order = _in_order(source, known)
    if order is None:
        return None
    graph, items, taken = Graph([], []), {}, {}  # type: Graph, Dict[Source, Item], Dict[str, int]
    for one in order:
        made = None if known(one) else made_by(one)
        if made is None:
            items[one] = leaf = _leaf(one, known(one), array, taken, len(graph.leaves) + 1)
            graph.leaves.append(leaf)
        else:
            function, inputs = made
            params = {name: getattr(function, name) for name in function.params}
            operands = tuple(items[part] for part in inputs)
            op, number = type(function).__name__, len(graph.nodes) + 1
            name = unique(one.name or f"{op.lower()}{number}", taken)
            needs = (False,) * len(operands)
            shape, dtype = tuple(one.shape), one.dtype
            items[one] = node = Node(name, shape, dtype, False, op, params, operands, needs, number)
            graph.nodes.append(node)
    if not graph.nodes:
        leaf = graph.leaves[0]
        given = Leaf(leaf.name, leaf.shape, leaf.dtype, False, leaf.array, leaf.source)
        graph.leaves[0] = given
        node = Node(leaf.name, leaf.shape, leaf.dtype, False, "Reshape", {"shape": leaf.shape}, (given,), (False,), 1)
        graph.nodes.append(node)
        items[source] = node
    return graph, items


def _in_order(source: Source, known: Known) -> Optional[List[Source]]:
    """Everything behind a source, operands first."""
    found: List[Source] = []
    seen: Set[Source] = set()
    waiting: List[Tuple[Source, bool]] = [(source, False)]
    while waiting:
        one, operands_done = waiting.pop()
        if operands_done:
            found.append(one)
            continue
        if one in seen:
            continue
        seen.add(one)
        made = None if known(one) else made_by(one)
        if made is None and isinstance(one, Function) and not known(one):
            return None  # it was freed
        waiting.append((one, True))
        waiting += [(part, False) for part in reversed(made[1] if made else [])]
        if len(seen) > MOST_OPERATIONS:
            return None
    return found


def _leaf(source: Source, known: Optional[Tuple[str, Any]], array: Any, taken: Dict[str, int], number: int) -> Leaf:
    if known is not None:
        name, numbers = known
        return Leaf(unique(name, taken), numbers.shape, numbers.dtype, False, numbers, source)
    numbers = source.array if isinstance(source, Tensor) else array
    name = source.name or ""
    if not name and numbers.shape == ():
        return Leaf(f"{numbers.tolist():g}", (), numbers.dtype, False, numbers)
    return Leaf(unique(name or f"input{number}", taken), numbers.shape, numbers.dtype, False, numbers, source)
