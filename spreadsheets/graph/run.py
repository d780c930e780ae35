"""A graph computed on saitama's kernels, forward and backward, with every value and gradient kept.

Nothing here touches the user's tensors or their .grad.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from saitama.autograd.engine import chain_rule
from saitama.autograd.function import OPS, Function
from saitama.autograd.replay import forward
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

    def handed_on(self, node: Node, k: int, dy: Any, dx: Any) -> Any:
        return dx

    def sum(self, a: Any, b: Any) -> Any:
        """Of two gradients of one tensor."""
        return K.add(a, b)


AS_IT_IS = Arithmetic()


def run(
    graph: Graph,
    leaves: Mapping[Any, Any],
    given: Optional[Mapping[StepKey, Any]] = None,
    arithmetic: Arithmetic = AS_IT_IS,
) -> Run:
    """Compute the graph from the arrays of its leaves.

    `given` holds values and shares of operations that stand in where an operand is missing.
    """
    given = given or {}
    stand_ins = {key.item: array for key, array in given.items() if isinstance(key, Value)}
    result = Run(values=dict(leaves))
    functions = forward(graph.nodes, result.values, lambda node: _Operation(node, arithmetic), stand_ins)  # type: ignore
    if not graph.flows:
        return result
    root = graph.root
    dtype = result.values[root].dtype if root in result.values else root.dtype
    gradients: Dict[Item, Any] = {root: K.full(root.shape, 1, dtype)}

    def derivative(node: Node, dy: Any) -> Sequence[Any]:
        """What the node hands to each of its inputs: None where nobody asks, UNKNOWN where an operand is missing."""
        if dy is not None and dy is not UNKNOWN:
            result.gradients[node] = dy
        if dy is None or not receives(node, node.needs):
            return ()
        known = dy is not UNKNOWN and node in functions
        parts = functions[node].backward(dy) if known else [None] * len(node.inputs)
        for k, need in enumerate(node.needs):
            share, part = Share(node, k), parts[k]
            dx = given.get(share) if part is None else arithmetic.handed_on(node, k, dy, part)
            if need and dx is not None:
                result.shares[share] = dx
        return [result.shares.get(Share(node, k), UNKNOWN) if need else None for k, need in enumerate(node.needs)]

    def plus(a: Any, b: Any) -> Any:
        return UNKNOWN if a is UNKNOWN or b is UNKNOWN else arithmetic.sum(a, b)

    for _ in chain_rule(reversed(graph.nodes), gradients, derivative, plus):
        pass
    result.gradients.update({item: dy for item, dy in gradients.items() if dy is not UNKNOWN})  # of the leaves
    return result


UNKNOWN = object()


class _Operation:
    """An operation of the graph, computed with some arithmetic."""

    def __init__(self, node: Node, arithmetic: Arithmetic) -> None:
        self.node, self.arithmetic = node, arithmetic
        self.function: Function = OPS[node.op](**arithmetic.params(node))
        self.function.needs = node.needs

    def forward(self, *arrays: Any) -> Any:
        self.function.inputs = operands = tuple(self.arithmetic.operands(self.node, arrays))
        return self.arithmetic.result(self.node, operands, self.function.forward(*operands))

    def backward(self, dy: Any) -> Any:
        return self.function.backward(dy)


def receives(node: Node, needs: Tuple[bool, ...]) -> bool:
    """Whether the operation hands a gradient on at all."""
    return OPS[node.op].differentiable and any(needs)
