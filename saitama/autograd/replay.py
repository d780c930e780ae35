"""A graph computed again, with every value and gradient kept: what a drawing, a workbook or a search for NaN needs.

Training keeps as little as it can; this keeps everything, and leaves the user's tensors and their .grad alone.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional

from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .engine import chain_rule, seed
from .function import Function, Gradients, Source, ancestors


class Replay:
    """The graph behind a tensor: its parts in order, their values, and after `backward()` their gradients."""

    def __init__(self, root: Tensor) -> None:
        if root.node is None:
            raise RuntimeError("no operation made this tensor: set requires_grad=True on an input and compute from it")
        self.root = root
        self.nodes: List[Function] = ancestors(root.node)
        sources = dict.fromkeys(source for node in self.nodes for source in node.inputs or ())  # each once, in order
        self.leaves: List[Tensor] = [source for source in sources if isinstance(source, Tensor)]
        self.values: Dict[Source, K.Array] = {leaf: leaf.array for leaf in self.leaves}
        self.gradients: Dict[Source, K.Array] = {}
        self.contributions: Dict[Function, Gradients] = {}  # what each node hands to each of its inputs
        self._copies: Dict[Function, Function] = forward(self.nodes, self.values, copy)

    def backward(self) -> None:
        """Fill `gradients` and `contributions`, starting from 1 at the root."""
        gradients: Dict[Any, K.Array] = {self.nodes[-1]: seed(self.root, None)}

        def derivative(node: Function, dy: Optional[K.Array]) -> Gradients:
            if dy is None or not node.differentiable:
                return ()
            self.gradients[node] = dy
            self.contributions[node] = self._copies[node].backward(dy)
            return self.contributions[node]

        for _ in chain_rule(reversed(self.nodes), gradients, derivative):
            pass
        self.gradients.update(gradients)  # of the leaves


def forward(
    nodes: Iterable[Any],
    values: Dict[Any, K.Array],
    operation: Callable[[Any], Function],
    given: Mapping[Any, K.Array] = {},
) -> Dict[Any, Function]:
    """Compute a graph: `values`, of the leaves at first, is given the value of every node.

    Args:
        nodes: in an order in which inputs come first; each has `inputs`, nodes or leaves, and `needs`.
        operation: node -> a Function of its kind that has computed nothing yet.
        given: values of nodes to take where that of an input is missing; without one the node has no value either.

    Returns the Functions that computed, by node: their backward() differentiates.
    """
    computed: Dict[Any, Function] = {}
    for node in nodes:
        if all(source in values for source in node.inputs):
            computed[node] = function = operation(node)
            operands = tuple([values[source] for source in node.inputs])
            function.needs, function.inputs = node.needs, operands
            values[node] = function.forward(*operands)
        elif node in given:
            values[node] = given[node]
    return computed


def copy(node: Function) -> Function:
    """The same operation, without inputs and without what it saved."""
    return type(node)(**{param: getattr(node, param) for param in node.params})


def replay(root: Tensor) -> Replay:
    """Compute the graph behind `root` again, forward only; call `.backward()` on the result for the gradients.

    Raises RuntimeError if there is no graph or it was freed.
    """
    return Replay(root)
