"""A graph computed on saitama's kernels, forward and backward, with every value and gradient kept.

Nothing here touches the user's tensors or their .grad.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, Mapping, Optional, Tuple

from saitama.autograd.function import OPS, Function
from saitama.tensor.backend import K

from .graph import Graph
from .items import Item, Node
from .keys import Key, Share, Value


@dataclass
class Run:
    """Every value and gradient of a graph. What could not be computed is not in it."""

    values: Dict[Item, Any] = field(default_factory=dict)
    gradients: Dict[Item, Any] = field(default_factory=dict)  # dE/d item, complete
    shares: Dict[Share, Any] = field(default_factory=dict)  # what an operation hands on to one operand

    def get(self, key: Key) -> Any:
        """The array of a key, or None."""
        if isinstance(key, Share):
            return self.shares.get(key)
        return (self.values if isinstance(key, Value) else self.gradients).get(key.item)

    def shares_of(self, item: Item) -> List[Share]:
        """What comes back to an item, in the order of the operations."""
        return self._by_item.get(item, [])

    @cached_property
    def _by_item(self) -> Dict[Item, List[Share]]:
        found: Dict[Item, List[Share]] = {}
        for share in sorted(self.shares, key=lambda share: (share.node.number, share.k)):
            found.setdefault(share.item, []).append(share)
        return found


def run(graph: Graph, leaves: Mapping[Any, Any], given: Optional[Mapping[Key, Any]] = None) -> Run:
    """Compute the graph from the arrays of its leaves.

    `given` holds values and shares of operations that stand in where an operand is missing.
    """
    given = given or {}
    result = Run()
    result.values.update(leaves)
    functions: Dict[Node, Function] = {}
    for node in graph.nodes:
        if all(item in result.values for item in node.inputs):
            function = OPS[node.op](**node.params)
            function.needs = node.needs
            result.values[node] = function.forward(*[result.values[item] for item in node.inputs])
            functions[node] = function
        elif Value(node) in given:
            result.values[node] = given[Value(node)]
    root = graph.root
    result.gradients[root] = K.full(root.shape, 1, root.dtype)
    incomplete = set()  # items to which some share is missing
    for node in reversed(graph.nodes):
        dy = None if node in incomplete else result.gradients.get(node)
        if not receives(node, node.needs) or (dy is None and node not in incomplete):
            continue
        parts: Tuple[Any, ...] = (None,) * len(node.inputs)
        if dy is not None and node in functions:
            parts = functions[node].backward(dy)
        for k, item in enumerate(node.inputs):
            if not node.needs[k]:
                continue
            share = Share(node, k)
            dx = parts[k] if parts[k] is not None else given.get(share)
            if dx is None:
                incomplete.add(item)
                continue
            result.shares[share] = dx
            known = result.gradients.get(item)
            result.gradients[item] = dx if known is None else K.add(known, dx)
    for item in incomplete:
        result.gradients.pop(item, None)
    return result


def receives(node: Node, needs: Tuple[bool, ...]) -> bool:
    """Whether the operation hands a gradient on at all."""
    return OPS[node.op].differentiable and any(needs)
