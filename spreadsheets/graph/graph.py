"""A graph: its leaves, and its operations in an order in which inputs come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional

from ..layout import size_of
from .items import Item, Leaf, Node
from .parts import Part
from .step import OptimizerStep


@dataclass
class Graph:
    """Leaves, and nodes in an order in which inputs come first; the last node is the root."""

    leaves: List[Leaf]
    nodes: List[Node]
    parts: List[Part] = field(default_factory=list)  # the calls of modules that made the nodes
    step: Optional[OptimizerStep] = None  # of an optimiser, with the gradients of this graph

    @property
    def inputs(self) -> List[Leaf]:
        """Everything that has yellow cells: the leaves, and what an optimiser's step starts from."""
        return [*self.leaves, *(self.step.inputs if self.step else [])]

    def readers(self, item: Item) -> List[Node]:
        """The operations that read the item."""
        return [node for node in self.nodes if any(operand is item for operand in node.inputs)]

    @property
    def root(self) -> Node:
        return self.nodes[-1]

    @property
    def flows(self) -> bool:
        """Whether there is a gradient: of one number, by something that asks for it."""
        return self.root.requires_grad and size_of(self.root.shape) == 1

    @property
    def dtype(self) -> str:
        """float32 if any part of the graph is, else float64."""
        items: List[Item] = [*self.leaves, *self.nodes]
        return "float32" if any(item.dtype == "float32" for item in items) else "float64"
