"""A graph computed again, with every value and gradient kept: what a workbook or a drawing needs.

Training keeps as little as it can; this keeps everything, and leaves the user's tensors and their .grad alone.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Dict, List

from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .engine import seed
from .function import Function, Gradients, Source, ancestors


class Replay:
    """The graph behind a tensor: its parts in order, their values, and after `backward()` their gradients."""

    def __init__(self, root: Tensor) -> None:
        if root.node is None:
            raise RuntimeError("no operation made this tensor: set requires_grad=True on an input and compute from it")
        self.root = root
        self.nodes: List[Function] = sorted(ancestors(root.node), key=attrgetter("seq"))
        self.leaves: List[Tensor] = []
        self.values: Dict[Source, K.Array] = {}
        self.gradients: Dict[Source, K.Array] = {}
        self.contributions: Dict[Function, Gradients] = {}  # what each node hands to each of its inputs
        self._copies: Dict[Function, Function] = {}
        self._forward()

    def _forward(self) -> None:
        for node in self.nodes:
            for source in node.inputs or ():
                if isinstance(source, Tensor) and source not in self.values:
                    self.leaves.append(source)
                    self.values[source] = source.array
            copy = type(node)(**{param: getattr(node, param) for param in node.params})
            copy.needs = node.needs
            self.values[node] = copy.forward(*[self.values[source] for source in node.inputs or ()])
            self._copies[node] = copy

    def backward(self) -> None:
        """Fill `gradients` and `contributions`, starting from 1 at the root."""
        root = self.nodes[-1]
        self.gradients[root] = seed(self.root, None)
        for node in reversed(self.nodes):
            dy = self.gradients.get(node)
            if dy is None or not node.differentiable:
                continue
            self.contributions[node] = gradients = self._copies[node].backward(dy)
            for source, dx in zip(node.inputs or (), gradients):
                if dx is not None:
                    total = self.gradients.get(source)
                    self.gradients[source] = dx if total is None else K.add(total, dx)


def replay(root: Tensor) -> Replay:
    """Compute the graph behind `root` again, forward only; call `.backward()` on the result for the gradients.

    Raises RuntimeError if there is no graph or it was freed.
    """
    return Replay(root)
