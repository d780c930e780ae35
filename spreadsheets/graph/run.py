"""A graph computed on saitama's kernels, forward and backward, with every value and gradient kept.

Nothing here touches the user's tensors or their .grad.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from saitama.autograd.function import OPS, Function
from saitama.tensor.backend import K

from .graph import Graph
from .items import Item, Node
from .keys import Gradient, Inner, Key, Share, StepKey, Value


@dataclass
class Run:
    """Every value and gradient of a graph. What could not be computed is not in it."""

    values: Dict[Item, Any] = field(default_factory=dict)
    gradients: Dict[Item, Any] = field(default_factory=dict)  # dE/d item, complete
    shares: Dict[Share, Any] = field(default_factory=dict)  # what an operation hands on to one operand

    def get(self, key: StepKey) -> Any:
        """The array of a key, or None."""
        if isinstance(key, Share):
            return self.shares.get(key)
        if isinstance(key, Inner):
            return None  # only a spreadsheet has it
        return (self.values if isinstance(key, Value) else self.gradients).get(key.item)

    def all(self) -> Dict[Key, Any]:
        """Every array by its key."""
        arrays: Dict[Key, Any] = {Value(item): array for item, array in self.values.items()}
        arrays.update((Gradient(item), array) for item, array in self.gradients.items())
        arrays.update((share, array) for share, array in self.shares.items())
        return arrays

    def shares_of(self, item: Item) -> List[Share]:
        """What comes back to an item, in the order of the operations."""
        return self._by_item.get(item, [])

    @cached_property
    def _by_item(self) -> Dict[Item, List[Share]]:
        found: Dict[Item, List[Share]] = {}
        for share in sorted(self.shares, key=lambda share: (share.node.number, share.k)):
            found.setdefault(share.item, []).append(share)
        return found


class Arithmetic:
    """What a run does beside the operations' own rules: here, nothing. Others show how much rounding matters."""

    def params(self, node: Node) -> Dict[str, Any]:
        return node.params

    def operands(self, node: Node, arrays: Sequence[Any]) -> Sequence[Any]:
        """What an operation computes with."""
        return arrays

    def result(self, node: Node, arrays: Sequence[Any], y: Any) -> Any:
        return y

    def handed_on(self, node: Node, dy: Any, dx: Any) -> Any:
        return dx

    def sum(self, a: Any, b: Any) -> Any:
        """Of two gradients of one tensor."""
        return K.add(a, b)


AS_IT_IS = Arithmetic()


def run(
    graph: Graph,
    leaves: Mapping[Any, Any],
    given: Optional[Mapping[Key, Any]] = None,
    arithmetic: Arithmetic = AS_IT_IS,
) -> Run:
    """Compute the graph from the arrays of its leaves.

    `given` holds values and shares of operations that stand in where an operand is missing.
    """
    given = given or {}
    result = Run()
    result.values.update(leaves)
    functions: Dict[Node, Function] = {}
    for node in graph.nodes:
        if all(item in result.values for item in node.inputs):
            function = OPS[node.op](**arithmetic.params(node))
            function.needs = node.needs
            operands = arithmetic.operands(node, [result.values[item] for item in node.inputs])
            result.values[node] = arithmetic.result(node, operands, function.forward(*operands))
            functions[node] = function
        elif Value(node) in given:
            result.values[node] = given[Value(node)]
    if not graph.flows:
        return result
    root = graph.root
    result.gradients[root] = K.full(root.shape, 1, result.values[root].dtype if root in result.values else root.dtype)
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
            dx = given.get(share) if parts[k] is None else arithmetic.handed_on(node, dy, parts[k])
            if dx is None:
                incomplete.add(item)
                continue
            result.shares[share] = dx
            known = result.gradients.get(item)
            result.gradients[item] = dx if known is None else arithmetic.sum(known, dx)
    for item in incomplete:
        result.gradients.pop(item, None)
    return result


def receives(node: Node, needs: Tuple[bool, ...]) -> bool:
    """Whether the operation hands a gradient on at all."""
    return OPS[node.op].differentiable and any(needs)
